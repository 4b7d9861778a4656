//! The golden cases: models, weights, inputs and outputs as real Keras has them.

use std::error::Error;
use std::path::Path;

use rnn_compiler::storage::Storage;
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
    let weights = bind(&model, &tensors).map_err(|_| format!("{name}: weights don't fit"))?;
    let recorded = std::fs::read(folder.join(format!("{name}.io.safetensors")))?;
    let recorded = SafeTensors::deserialize(&recorded)?;
    let inputs = Recorded::of(&recorded, "input", &model.input_names)?;
    let outputs = Recorded::of(&recorded, "output", &model.output_names)?;
    let exact = Recorded::of(&recorded, "output64", &model.output_names)?;
    let pairs = outputs.values.iter().flatten().zip(exact.values.iter().flatten());
    let slack = pairs.map(|(output, exact)| (output - exact).abs()).fold(0.0, f64::max);
    let sample = |index: usize| Sample { input: inputs.sample(index), output: outputs.sample(index), slack };
    let samples = (0..inputs.batch).map(sample).collect();
    Ok(Case { name, model, weights, file, storage: Storage::F32, samples })
}

/// The recorded tensors of all inputs or outputs.
struct Recorded {
    values: Vec<Vec<f64>>,
    batch: usize,
}

impl Recorded {
    /// `KIND` where there is one, else `KIND:NAME` for each.
    fn of(recorded: &SafeTensors<'_>, kind: &str, names: &[String]) -> Result<Self, Box<dyn Error>> {
        let mut found = Self { values: Vec::new(), batch: 1 };
        for name in names {
            let key = if names.len() == 1 { kind.to_owned() } else { format!("{kind}:{name}") };
            let tensor = recorded.tensor(&key)?;
            found.batch = tensor.shape()[0];
            found.values.push(numbers(tensor.dtype(), tensor.data()));
        }
        Ok(found)
    }

    /// One sample of every tensor, one behind the other.
    fn sample(&self, index: usize) -> Vec<f64> {
        let each = self.values.iter().flat_map(|values| {
            let length = values.len() / self.batch;
            &values[index * length..(index + 1) * length]
        });
        each.copied().collect()
    }
}

/// The values of a tensor of floats, integers or truth values.
fn numbers(dtype: safetensors::Dtype, data: &[u8]) -> Vec<f64> {
    match dtype {
        safetensors::Dtype::I32 => {
            data.as_chunks::<4>().0.iter().map(|bytes| f64::from(i32::from_le_bytes(*bytes))).collect()
        }
        safetensors::Dtype::BOOL => data.iter().map(|&byte| f64::from(byte)).collect(),
        safetensors::Dtype::F64 => data.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        _ => data.as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
    }
}
