//! The golden cases: models, weights, inputs and outputs as real Keras has them.

use std::error::Error;
use std::path::Path;

use rnn_compiler::weights::{bind, read};
use rnn_grammar::Source;
use safetensors::SafeTensors;

use crate::write::{Case, Sample};

/// One part of the folder's cases, in the order of the names.
pub(crate) fn cases(folder: &Path, part: usize, parts: usize) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut names: Vec<String> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.path().file_name()?.to_str()?.strip_suffix(".rnn").map(str::to_owned))
        .collect();
    names.sort();
    names.into_iter().skip(part).step_by(parts).map(|name| case(folder, name)).collect()
}

fn case(folder: &Path, name: String) -> Result<Case, Box<dyn Error>> {
    let text = std::fs::read_to_string(folder.join(format!("{name}.rnn")))?;
    let compiled = rnn_compiler::compile(&Source::new(name.clone(), text));
    let model = compiled.select(None).map_err(|diagnostic| format!("{name}: {}", diagnostic.title))?.clone();
    let file = std::fs::read(folder.join(format!("{name}.safetensors")))?;
    let tensors = read(&file).map_err(|_| format!("{name}: unreadable weights"))?;
    let weights =
        bind(&model.graph, &model.name, model.span, &tensors).map_err(|_| format!("{name}: weights don't fit"))?;
    let recorded = std::fs::read(folder.join(format!("{name}.io.safetensors")))?;
    let recorded = SafeTensors::deserialize(&recorded)?;
    let (input, output) = (recorded.tensor("input")?, recorded.tensor("output")?);
    let batch = input.shape()[0];
    let (inputs, outputs) = (numbers(input.dtype(), input.data()), numbers(output.dtype(), output.data()));
    let samples = inputs.chunks(inputs.len() / batch).zip(outputs.chunks(outputs.len() / batch));
    let exact = recorded.tensor("output64")?;
    let exact = numbers(exact.dtype(), exact.data());
    let slack = outputs.iter().zip(&exact).map(|(output, exact)| (output - exact).abs()).fold(0.0, f64::max);
    let sample = |(input, output): (&[f64], &[f64])| Sample { input: input.to_vec(), output: output.to_vec(), slack };
    let samples = samples.map(sample).collect();
    Ok(Case { name, model, weights, file, samples })
}

/// The values of a tensor of floats or integers.
fn numbers(dtype: safetensors::Dtype, data: &[u8]) -> Vec<f64> {
    match dtype {
        safetensors::Dtype::I32 => {
            data.as_chunks::<4>().0.iter().map(|bytes| f64::from(i32::from_le_bytes(*bytes))).collect()
        }
        safetensors::Dtype::F64 => data.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        _ => data.as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
    }
}
