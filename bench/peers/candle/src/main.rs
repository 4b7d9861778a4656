//! candle-nn's own recurrent layers. It has no SimpleRNN.

use std::collections::HashMap;
use std::hint::black_box;

use bench_harness::{Data, WORKLOADS, Workload, check, failed, run, wanted};
use candle_core::{DType, Device, IndexOp, Module, Result, Tensor};
use candle_nn::rnn::{Direction, GRUConfig, LSTM, LSTMConfig, RNN};
use candle_nn::{Linear, VarBuilder};

const PEER: &str = "candle";

fn main() {
    let data = Data::from_arguments();
    bench_harness::version(PEER, "0.11.1");
    for workload in WORKLOADS.iter().filter(|workload| wanted(workload.name)) {
        if let Err(error) = measure(&data, workload) {
            failed(PEER, workload.name, &error.to_string());
        }
    }
}

fn measure(data: &Data, workload: &Workload) -> Result<()> {
    let mut weights = Weights { rest: data.weights(workload.name).into_iter() };
    let (features, units) = (workload.features, workload.units);
    match workload.name {
        "w4_bilstm64" => tagger(data, workload, &mut weights),
        "w5_rnn8" => {
            failed(PEER, workload.name, "candle-nn has no SimpleRNN");
            Ok(())
        }
        _ if workload.is_lstm => {
            let layer = weights.layer(4, features, units, "")?;
            chain(data, workload, &mut weights, &candle_nn::rnn::lstm(features, units, LSTMConfig::default(), layer)?)
        }
        _ => {
            let layer = weights.layer(3, features, units, "")?;
            chain(data, workload, &mut weights, &candle_nn::rnn::gru(features, units, GRUConfig::default(), layer)?)
        }
    }
}

struct Weights {
    rest: std::vec::IntoIter<f32>,
}

impl Weights {
    fn tensor(&mut self, shape: &[usize]) -> Result<Tensor> {
        let values: Vec<f32> = self.rest.by_ref().take(shape.iter().product()).collect();
        Tensor::from_vec(values, shape, &Device::Cpu)
    }

    fn layer(&mut self, n_gates: usize, features: usize, units: usize, suffix: &str) -> Result<VarBuilder<'static>> {
        let rows = n_gates * units;
        let mut tensors = HashMap::new();
        tensors.insert(format!("weight_ih_l0{suffix}"), self.tensor(&[rows, features])?);
        tensors.insert(format!("weight_hh_l0{suffix}"), self.tensor(&[rows, units])?);
        tensors.insert(format!("bias_ih_l0{suffix}"), self.tensor(&[rows])?);
        tensors.insert(format!("bias_hh_l0{suffix}"), self.tensor(&[rows])?);
        Ok(VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))
    }

    fn dense(&mut self, inputs: usize, outputs: usize) -> Result<Linear> {
        Ok(Linear::new(self.tensor(&[outputs, inputs])?, Some(self.tensor(&[outputs])?)))
    }
}

/// What the comparison needs of a layer's state.
trait Hidden {
    fn hidden(&self) -> &Tensor;
}

impl Hidden for candle_nn::rnn::LSTMState {
    fn hidden(&self) -> &Tensor {
        self.h()
    }
}

impl Hidden for candle_nn::rnn::GRUState {
    fn hidden(&self) -> &Tensor {
        self.h()
    }
}

/// Input as `[batch, timesteps, features]`, which candle wants.
fn input(data: &Data, workload: &Workload) -> Result<Tensor> {
    let shape = (workload.timesteps, workload.batch, workload.features);
    Tensor::from_vec(data.input(workload.name), shape, &Device::Cpu)?.transpose(0, 1)?.contiguous()
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

fn measured(workload: &str, expected: &[f32], call: impl Fn() -> Result<Tensor>) -> Result<()> {
    check(PEER, workload, &values(&call()?)?, expected);
    run(PEER, workload, || {
        black_box(call().expect("it ran once"));
    });
    Ok(())
}

fn chain<Layer: RNN>(data: &Data, workload: &Workload, weights: &mut Weights, layer: &Layer) -> Result<()>
where
    Layer::State: Hidden,
{
    let (x, expected) = (input(data, workload)?, data.expected(workload.name));
    if !workload.is_stream() {
        let last = || Ok(layer.seq(&x)?.pop().expect("a step").hidden().clone());
        return measured(workload.name, &expected, last);
    }
    let dense = weights.dense(workload.units, 1)?;
    // GRU's `states_to_tensor` concatenates instead of stacking: one shape for both.
    let rows = (workload.timesteps, workload.units);
    let whole = || dense.forward(&layer.states_to_tensor(&layer.seq(&x)?)?.reshape(rows)?);
    measured(workload.name, &expected, whole)?;
    let samples = data.input(workload.name);
    let mut outputs = vec![0.0; workload.timesteps];
    let mut call = || -> Result<()> {
        let mut state = layer.zero_state(1)?;
        for (sample, output) in samples.chunks(1).zip(&mut outputs) {
            state = layer.step(&Tensor::from_slice(sample, (1, 1), &Device::Cpu)?, &state)?;
            *output = dense.forward(state.hidden())?.i((0, 0))?.to_scalar()?;
        }
        Ok(())
    };
    call()?;
    run(PEER, &workload.step_name(), || call().expect("it ran once"));
    check(PEER, &workload.step_name(), &outputs, &expected);
    Ok(())
}

fn tagger(data: &Data, workload: &Workload, weights: &mut Weights) -> Result<()> {
    let units = workload.units;
    let mut layers: Vec<(LSTM, LSTM)> = Vec::new();
    for features in [workload.features, 2 * units] {
        let backward = LSTMConfig { direction: Direction::Backward, ..LSTMConfig::default() };
        let forward_weights = weights.layer(4, features, units, "")?;
        let forward = candle_nn::rnn::lstm(features, units, LSTMConfig::default(), forward_weights)?;
        let backward_weights = weights.layer(4, features, units, "_reverse")?;
        layers.push((forward, candle_nn::rnn::lstm(features, units, backward, backward_weights)?));
    }
    let dense = weights.dense(2 * units, 10)?;
    let x = input(data, workload)?;
    let order: Vec<u32> = (0..workload.timesteps).rev().map(|step| step as u32).collect();
    let order = Tensor::from_vec(order, workload.timesteps, &Device::Cpu)?;
    measured(workload.name, &data.expected(workload.name), || {
        let mut current = x.clone();
        for (forward, backward) in &layers {
            let upward = forward.states_to_tensor(&forward.seq(&current)?)?;
            let downward = backward.states_to_tensor(&backward.seq(&current.index_select(&order, 1)?)?)?;
            current = Tensor::cat(&[upward, downward.index_select(&order, 1)?], 2)?;
        }
        dense.forward(&current)
    })
}
