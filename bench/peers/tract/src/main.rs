//! tract: the workloads' ONNX models, whole sequences and one step a call.

use std::hint::black_box;
use std::time::Instant;

use bench_harness::{Data, WORKLOADS, Workload, check, failed, loaded, run, wanted};
use tract_onnx::prelude::*;

const PEER: &str = "tract";

fn main() {
    let data = Data::from_arguments();
    bench_harness::version(PEER, "0.23.9");
    for workload in WORKLOADS.iter().filter(|workload| wanted(workload.name)) {
        if let Err(error) = sequence(&data, workload) {
            failed(PEER, workload.name, &format!("{error:?}"));
        } else if workload.is_stream()
            && let Err(error) = stream(&data, workload)
        {
            failed(PEER, &workload.step_name(), &format!("{error:?}"));
        }
    }
}

fn open(data: &Data, name: &str, file: &str) -> TractResult<Arc<TypedRunnableModel>> {
    tract_onnx::onnx().model_for_path(data.path(name, file))?.into_optimized()?.into_runnable()
}

fn tensor(shape: (usize, usize, usize), values: Vec<f32>) -> TractResult<TValue> {
    Ok(Tensor::from(tract_ndarray::Array3::from_shape_vec(shape, values)?).into())
}

fn sequence(data: &Data, workload: &Workload) -> TractResult<()> {
    let name = workload.name;
    let start = Instant::now();
    let model = open(data, name, "sequence.onnx")?;
    loaded(PEER, name, start);
    let input = tensor((workload.timesteps, workload.batch, workload.features), data.input(name))?;
    let mut state = model.spawn()?;
    let output = state.run(tvec!(input.clone()))?;
    check(PEER, name, output[0].to_plain_array_view::<f32>()?.as_slice().unwrap_or_default(), &data.expected(name));
    run(PEER, name, || {
        black_box(state.run(tvec!(input.clone())).expect("it ran once"));
    });
    Ok(())
}

fn stream(data: &Data, workload: &Workload) -> TractResult<()> {
    let model = open(data, workload.name, "step.onnx")?;
    let mut state = model.spawn()?;
    let input = data.input(workload.name);
    let mut output = vec![0.0; workload.timesteps];
    let mut call = || -> TractResult<()> {
        let n_states = if workload.is_lstm { 2 } else { 1 };
        let mut carried = (0..n_states)
            .map(|_| tensor((1, 1, workload.units), vec![0.0; workload.units]))
            .collect::<TractResult<TVec<TValue>>>()?;
        for (x, y) in input.iter().zip(&mut output) {
            let mut inputs = tvec!(tensor((1, 1, 1), vec![*x])?);
            inputs.extend(carried.drain(..));
            let mut outputs = state.run(inputs)?;
            *y = outputs.remove(0).to_plain_array_view::<f32>()?.as_slice().unwrap_or_default()[0];
            carried = outputs;
        }
        Ok(())
    };
    call()?;
    run(PEER, &workload.step_name(), || call().expect("it ran once"));
    check(PEER, &workload.step_name(), &output, &data.expected(workload.name));
    Ok(())
}
