//! burn's own recurrent layers on two of its processor backends.

#![allow(deprecated, reason = "the ndarray backend is deprecated in favour of flex, and still measured")]

use std::hint::black_box;

use bench_harness::{Data, WORKLOADS, Workload, check, failed, run, wanted};
use burn::module::Param;
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::{BiLstmConfig, GateController, Linear, LinearConfig, Lstm, LstmConfig, LstmState, RnnConfig};
use burn::tensor::{Device, Tensor, TensorData};

fn main() {
    let data = Data::from_arguments();
    for (peer, device) in [("burn-flex", Device::flex()), ("burn-ndarray", Device::ndarray())] {
        bench_harness::version(peer, "0.22.1");
        for workload in WORKLOADS.iter().filter(|workload| wanted(workload.name)) {
            Run { peer, data: &data, workload, device: device.clone() }.measure();
        }
    }
}

/// Weights in PyTorch's order, taken from the front.
struct Weights {
    rest: std::vec::IntoIter<f32>,
    device: Device,
}

impl Weights {
    fn take(&mut self, count: usize) -> Vec<f32> {
        self.rest.by_ref().take(count).collect()
    }

    /// `[rows, columns]` turned: burn keeps `[inputs, outputs]`.
    fn matrix(&self, values: &[f32], rows: usize, columns: usize) -> Param<Tensor<2>> {
        let turned = (0..columns).flat_map(|c| (0..rows).map(move |r| values[r * columns + c])).collect();
        Param::from_tensor(Tensor::from_data(TensorData::new(turned, [columns, rows]), &self.device))
    }

    fn vector(&self, values: &[f32]) -> Param<Tensor<1>> {
        Param::from_tensor(Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &self.device))
    }

    fn gates(&mut self, gates: &mut [&mut GateController], features: usize, units: usize) {
        let rows = gates.len() * units;
        let (kernel, recurrent) = (self.take(rows * features), self.take(rows * units));
        let (bias, recurrent_bias) = (self.take(rows), self.take(rows));
        for (index, gate) in gates.iter_mut().enumerate() {
            let from = |values: &[f32], width: usize| values[index * units * width..][..units * width].to_vec();
            gate.input_transform.weight = self.matrix(&from(&kernel, features), units, features);
            gate.hidden_transform.weight = self.matrix(&from(&recurrent, units), units, units);
            gate.input_transform.bias = Some(self.vector(&from(&bias, 1)));
            gate.hidden_transform.bias = Some(self.vector(&from(&recurrent_bias, 1)));
        }
    }

    fn lstm(&mut self, layer: &mut Lstm, features: usize, units: usize) {
        let Lstm { input_gate, forget_gate, cell_gate, output_gate, .. } = layer;
        let forget_gate = forget_gate.as_mut().expect("gates are not coupled");
        self.gates(&mut [input_gate, forget_gate, cell_gate, output_gate], features, units);
    }

    fn dense(&mut self, inputs: usize, outputs: usize) -> Linear {
        let mut layer = LinearConfig::new(inputs, outputs).init(&self.device);
        let (kernel, bias) = (self.take(inputs * outputs), self.take(outputs));
        layer.weight = self.matrix(&kernel, outputs, inputs);
        layer.bias = Some(self.vector(&bias));
        layer
    }
}

struct Run<'a> {
    peer: &'static str,
    data: &'a Data,
    workload: &'a Workload,
    device: Device,
}

impl Run<'_> {
    fn measure(&self) {
        let rest = self.data.weights(self.workload.name).into_iter();
        let mut weights = Weights { rest, device: self.device.clone() };
        match self.workload.name {
            "w4_bilstm64" => self.tagger(&mut weights),
            "w5_rnn8" => self.simple(&mut weights),
            _ if self.workload.is_lstm => self.lstm(&mut weights),
            _ => self.gru(&mut weights),
        }
    }

    /// Input as `[batch, timesteps, features]`.
    fn input(&self) -> Tensor<3> {
        let Workload { timesteps, batch, features, .. } = *self.workload;
        let values = self.data.input(self.workload.name);
        let at = |b: usize, t: usize| values[(t * batch + b) * features..][..features].to_vec();
        let turned = (0..batch).flat_map(|b| (0..timesteps).flat_map(move |t| at(b, t))).collect();
        Tensor::from_data(TensorData::new(turned, [batch, timesteps, features]), &self.device)
    }

    fn report<const D: usize>(&self, call: impl Fn() -> Tensor<D>) {
        let values = || call().into_data().to_vec::<f32>().expect("float32");
        check(self.peer, self.workload.name, &values(), &self.data.expected(self.workload.name));
        run(self.peer, self.workload.name, || {
            black_box(values());
        });
    }

    fn lstm(&self, weights: &mut Weights) {
        let (features, units) = (self.workload.features, self.workload.units);
        let x = self.input();
        let mut layer = LstmConfig::new(features, units, true).init(&self.device);
        weights.lstm(&mut layer, features, units);
        if !self.workload.is_stream() {
            return self.report(|| layer.forward(x.clone(), None).1.hidden);
        }
        let dense = weights.dense(units, 1);
        self.report(|| dense.forward(layer.forward(x.clone(), None).0));
        self.stream(&layer, &dense);
    }

    fn stream(&self, layer: &Lstm, dense: &Linear) {
        let samples = self.data.input(self.workload.name);
        let mut outputs = vec![0.0; samples.len()];
        let mut call = || {
            let mut state: Option<LstmState<2>> = None;
            for (sample, output) in samples.iter().zip(&mut outputs) {
                let input = Tensor::<3>::from_data(TensorData::new(vec![*sample], [1, 1, 1]), &self.device);
                let (hidden, after) = layer.forward(input, state.take());
                state = Some(after);
                *output = dense.forward(hidden).into_scalar::<f32>();
            }
        };
        call();
        run(self.peer, &self.workload.step_name(), call);
        check(self.peer, &self.workload.step_name(), &outputs, &self.data.expected(self.workload.name));
    }

    fn gru(&self, weights: &mut Weights) {
        let (features, units, timesteps) = (self.workload.features, self.workload.units, self.workload.timesteps);
        let x = self.input();
        let mut layer = GruConfig::new(features, units, true).init(&self.device);
        let Gru { reset_gate, update_gate, new_gate, .. } = &mut layer;
        weights.gates(&mut [reset_gate, update_gate, new_gate], features, units);
        if self.workload.is_stream() {
            let dense = weights.dense(units, 1);
            self.report(|| dense.forward(layer.forward(x.clone(), None)));
            failed(self.peer, &self.workload.step_name(), "not run: burn's GRU hands out no state");
        } else {
            self.report(|| layer.forward(x.clone(), None).slice([0..self.workload.batch, timesteps - 1..timesteps]));
        }
    }

    fn simple(&self, weights: &mut Weights) {
        let (features, units) = (self.workload.features, self.workload.units);
        let x = self.input();
        let mut layer = RnnConfig::new(features, units, true).init(&self.device);
        weights.gates(&mut [&mut layer.gate], features, units);
        self.report(|| layer.forward(x.clone(), None).1.hidden);
    }

    fn tagger(&self, weights: &mut Weights) {
        let (features, units) = (self.workload.features, self.workload.units);
        let x = self.input();
        let mut layers = Vec::new();
        for inputs in [features, 2 * units] {
            let mut layer = BiLstmConfig::new(inputs, units, true).init(&self.device);
            weights.lstm(&mut layer.forward, inputs, units);
            weights.lstm(&mut layer.reverse, inputs, units);
            layers.push(layer);
        }
        let dense = weights.dense(2 * units, 10);
        self.report(|| {
            let tagged = layers.iter().fold(x.clone(), |current, layer| layer.forward(current, None).0);
            dense.forward(tagged)
        });
    }
}
