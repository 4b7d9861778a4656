//! rten: the workloads' ONNX models, whole sequences and one step a call.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bench_harness::{Data, WORKLOADS, Workload, check, failed, loaded, run, wanted};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::{AsView, NdTensor, NdTensorView, TensorView};

const PEER: &str = "rten";

fn main() {
    let data = Data::from_arguments();
    bench_harness::version(PEER, "0.27.0");
    let pool = Arc::new(ThreadPool::with_num_threads(1));
    for workload in WORKLOADS.iter().filter(|workload| wanted(workload.name)) {
        if let Err(error) = sequence(&data, workload, &pool) {
            failed(PEER, workload.name, &error.to_string());
        } else if workload.is_stream()
            && let Err(error) = stream(&data, workload, &pool)
        {
            failed(PEER, &workload.step_name(), &error.to_string());
        }
    }
}

fn options(pool: &Arc<ThreadPool>) -> Option<RunOptions> {
    Some(RunOptions::default().with_thread_pool(Some(pool.clone())))
}

fn floats(value: &Value) -> Result<Vec<f32>, Box<dyn Error>> {
    let tensor: TensorView<'_, f32> = value.try_into()?;
    Ok(tensor.iter().copied().collect())
}

fn open(data: &Data, name: &str, file: &str) -> Result<Model, Box<dyn Error>> {
    Ok(ModelOptions::with_all_ops().prepack_weights(true).load_file(data.path(name, file))?)
}

fn sequence(data: &Data, workload: &Workload, pool: &Arc<ThreadPool>) -> Result<(), Box<dyn Error>> {
    let name = workload.name;
    let start = Instant::now();
    let model = open(data, name, "sequence.onnx")?;
    loaded(PEER, name, start);
    let (input, output) = (model.node_id("x")?, model.output_ids()[0]);
    let x = NdTensor::from_data([workload.timesteps, workload.batch, workload.features], data.input(name));
    let call = || -> Result<Value, Box<dyn Error>> {
        Ok(model.run(vec![(input, x.view().into())], &[output], options(pool))?.remove(0))
    };
    check(PEER, name, &floats(&call()?)?, &data.expected(name));
    run(PEER, name, || {
        black_box(call().expect("it ran once"));
    });
    Ok(())
}

fn stream(data: &Data, workload: &Workload, pool: &Arc<ThreadPool>) -> Result<(), Box<dyn Error>> {
    let model = open(data, workload.name, "step.onnx")?;
    let (inputs, outputs) = (model.input_ids().to_vec(), model.output_ids().to_vec());
    let x = data.input(workload.name);
    let mut y = vec![0.0; workload.timesteps];
    let mut call = || -> Result<(), Box<dyn Error>> {
        let zeros = || NdTensor::<f32, 3>::zeros([1, 1, workload.units]).into();
        let mut carried: Vec<Value> = inputs.iter().skip(1).map(|_| zeros()).collect();
        for (sample, result) in x.chunks(1).zip(&mut y) {
            let sample = NdTensorView::from_data([1, 1, 1], sample);
            let mut bound: Vec<(NodeId, ValueOrView<'_>)> = vec![(inputs[0], sample.into())];
            bound.extend(inputs.iter().skip(1).copied().zip(carried.drain(..).map(|value| value.into())));
            let mut answers = model.run(bound, &outputs, options(pool))?;
            carried = answers.split_off(1);
            *result = floats(&answers[0])?[0];
        }
        Ok(())
    };
    call()?;
    run(PEER, &workload.step_name(), || call().expect("it ran once"));
    check(PEER, &workload.step_name(), &y, &data.expected(workload.name));
    Ok(())
}
