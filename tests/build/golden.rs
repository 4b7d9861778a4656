//! The golden cases: models, weights, inputs and outputs as real Keras has them.

use std::error::Error;
use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use rnn_compiler::CompiledModel;
use rnn_compiler::precision::Precision;
use rnn_compiler::storage::Storage;
use rnn_compiler::weights::{bind, read};
use rnn_grammar::Source;
use safetensors::SafeTensors;

use crate::random;
use crate::write::{Case, Sample};

/// One part of the folder's cases, in the order of the names.
pub(crate) fn cases(folder: &Path, part: usize, parts: usize) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut names: Vec<String> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok()?.path().file_name()?.to_str()?.strip_suffix(".rnn").map(str::to_owned))
        .collect();
    names.sort();
    names.into_iter().skip(part).step_by(parts).map(|name| case(folder, name)).collect()
}

/// The cases in float64; each sample is there a second time, with what the reference makes of it.
pub(crate) fn double_cases(folder: &Path) -> Result<Vec<Case>, Box<dyn Error>> {
    let mut cases = cases(folder, 0, 1)?;
    for case in &mut cases {
        let mut exact = Vec::new();
        for Sample { input, slack, .. } in &case.samples {
            let output = random::exact(&case.model, &case.weights, &arrays(&case.model, input)?)?;
            exact.push(Sample { input: input.clone(), output, slack: *slack });
        }
        case.samples.extend(exact);
    }
    Ok(cases)
}

/// A sample's inputs, which stand one behind the other and have equal numbers of timesteps where those are free.
fn arrays(model: &CompiledModel, sample: &[f64]) -> Result<Vec<ArrayD<f64>>, Box<dyn Error>> {
    let shapes = || {
        model.input_shapes().into_iter().map(|shape| shape.sample().iter().map(|axis| axis.known()).collect::<Vec<_>>())
    };
    let of_shape = |shape: &[Option<u64>]| shape.iter().flatten().product::<u64>() as usize;
    let is_free = |shape: &[Option<u64>]| shape.contains(&None);
    let fixed: usize = shapes().filter(|shape| !is_free(shape)).map(|shape| of_shape(&shape)).sum();
    let each: usize = shapes().filter(|shape| is_free(shape)).map(|shape| of_shape(&shape)).sum();
    let timesteps = if each == 0 { 0 } else { (sample.len() - fixed) / each };
    let mut rest = sample;
    let mut arrays = Vec::new();
    for shape in shapes() {
        let sizes: Vec<usize> = shape.iter().map(|axis| axis.map_or(timesteps, |size| size as usize)).collect();
        let (values, behind) = rest.split_at(sizes.iter().product());
        rest = behind;
        arrays.push(ArrayD::from_shape_vec(IxDyn(&[&[1], &sizes[..]].concat()), values.to_vec())?);
    }
    Ok(arrays)
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
    let slack = match model.precision {
        Precision::Single => {
            let exact = Recorded::of(&recorded, "output64", &model.output_names)?;
            let pairs = outputs.values.iter().flatten().zip(exact.values.iter().flatten());
            pairs.map(|(output, exact)| (output - exact).abs()).fold(0.0, f64::max)
        }
        Precision::Double => 0.0,
    };
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
