//! ONNX Runtime through its C API, so that Python's cost of a call isn't in its figures.
//!
//! usage: bench-ort DATA_FOLDER LIBONNXRUNTIME      (the library of the Python wheel will do)

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use bench_harness::{Data, WORKLOADS, Workload, check, failed, loaded, run, wanted};
use ort::environment::Environment;
use ort::session::{Session, builder::GraphOptimizationLevel};
use ort::value::TensorRef;

const PEER: &str = "onnxruntime";

fn main() -> Result<(), Box<dyn Error>> {
    let data = Data::from_arguments();
    let library = env::args().nth(2).ok_or("usage: bench-ort DATA_FOLDER LIBONNXRUNTIME")?;
    bench_harness::version(PEER, library.rsplit(".so.").next().unwrap_or_default());
    let environment = ort::init_from(&library)?.build()?;
    for workload in WORKLOADS.iter().filter(|workload| wanted(workload.name)) {
        if let Err(error) = sequence(&data, workload, &environment) {
            failed(PEER, workload.name, &error.to_string());
        } else if workload.is_stream()
            && let Err(error) = stream(&data, workload, &environment)
        {
            failed(PEER, &workload.step_name(), &error.to_string());
        }
    }
    Ok(())
}

fn open(environment: &Environment, data: &Data, name: &str, file: &str) -> Result<Session, Box<dyn Error>> {
    Ok(Session::builder(environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .commit_from_file(data.path(name, file))?)
}

fn sequence(data: &Data, workload: &Workload, environment: &Environment) -> Result<(), Box<dyn Error>> {
    let name = workload.name;
    let start = Instant::now();
    let mut session = open(environment, data, name, "sequence.onnx")?;
    loaded(PEER, name, start);
    let x = data.input(name);
    let shape = [workload.timesteps, workload.batch, workload.features];
    let outputs = session.run(ort::inputs![TensorRef::from_array_view((shape, &x[..]))?])?;
    check(PEER, name, outputs[0].try_extract_tensor::<f32>()?.1, &data.expected(name));
    drop(outputs);
    run(PEER, name, || {
        let input = TensorRef::from_array_view((shape, &x[..])).expect("the shape fits");
        let outputs = session.run(ort::inputs![input]).expect("it ran once");
        black_box(&outputs[0]);
    });
    Ok(())
}

fn stream(data: &Data, workload: &Workload, environment: &Environment) -> Result<(), Box<dyn Error>> {
    let mut session = open(environment, data, workload.name, "step.onnx")?;
    let x = data.input(workload.name);
    let shape = [1, 1, workload.units];
    let mut y = vec![0.0; workload.timesteps];
    let mut call = || -> Result<(), Box<dyn Error>> {
        let (mut h, mut c) = (vec![0.0; workload.units], vec![0.0; workload.units]);
        for (sample, result) in x.chunks(1).zip(&mut y) {
            let sample = TensorRef::from_array_view(([1usize, 1, 1], sample))?;
            let hidden = TensorRef::from_array_view((shape, &h[..]))?;
            let outputs = if workload.is_lstm {
                session.run(ort::inputs![sample, hidden, TensorRef::from_array_view((shape, &c[..]))?])?
            } else {
                session.run(ort::inputs![sample, hidden])?
            };
            *result = outputs[0].try_extract_tensor::<f32>()?.1[0];
            let next_h = outputs[1].try_extract_tensor::<f32>()?.1.to_vec();
            if workload.is_lstm {
                let next_c = outputs[2].try_extract_tensor::<f32>()?.1.to_vec();
                drop(outputs);
                c = next_c;
            } else {
                drop(outputs);
            }
            h = next_h;
        }
        Ok(())
    };
    call()?;
    run(PEER, &workload.step_name(), || call().expect("it ran once"));
    check(PEER, &workload.step_name(), &y, &data.expected(workload.name));
    Ok(())
}
