//! A cell as a layer: one step for every sample, from the states that it is called with.
//!
//! `y, states = cell(x, states)` is an `RNN` of one timestep with `initial_state` and `return_state`, and has its bits.

use ndarray::{ArrayD, Axis};

use super::{Step, StepOf};
use crate::declaration::Declaration;
use crate::evaluate_generically;
use crate::layer::{Call, Layer, Mismatch, Recurrence, Streaming, Takes, WeightSpec};
use crate::layers::checks::Check;
use crate::layers::recurrent::states::{check_count, check_vectors};
use crate::plan::kernels::cell_call::cell_call;
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

/// A cell with its arguments fixed.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(super) declaration: &'static Declaration,
    pub(super) step: Step,
}

impl Cell {
    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        let mut inputs = call.inputs.to_vec();
        inputs[0].insert_axis_inplace(Axis(1));
        let layer = self.step.layer(Recurrence { return_state: true, ..self.step.flags() });
        R::evaluate(layer.as_ref(), &Call { inputs: &inputs, weights: call.weights })
    }
}

impl Layer for Cell {
    fn declaration(&self) -> &'static Declaration {
        self.declaration
    }

    fn takes(&self) -> Takes {
        Takes::Step
    }

    fn step(&self) -> Option<StepOf<'_>> {
        Some(StepOf::One(&self.step))
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let (input, states) = inputs.split_at(inputs.len().min(1));
        let check = Check::single(self.declaration.class, input)?;
        let help = "a cell reads one step, e.g. `Input(shape=(8,))`; `RNN` walks over time with it";
        let check = check.exactly(2, "(batch, features)", help)?;
        check.features()?;
        let (class, batch, flags) = (self.declaration.class, check.shape.0[0], self.step.flags());
        check_count(class, flags.n_states, states.len())?;
        check_vectors(class, batch, flags.units, states)?;
        Ok(vec![Shape(vec![batch, Dimension::Known(flags.units)]); 1 + flags.n_states])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let layer = self.step.layer(self.step.flags());
        let weights = layer.weights(&inputs[..inputs.len().min(1)]).into_iter();
        let below = |weight: WeightSpec| {
            let path = weight.path.rsplit('/').next().unwrap_or(&weight.path).to_owned();
            WeightSpec { path, ..weight }
        };
        weights.map(below).collect()
    }

    /// The output is the first state, too.
    fn further_outputs(&self, n_operations: usize) -> Vec<usize> {
        let last = n_operations.saturating_sub(1);
        match self.step.flags().n_states {
            2 => vec![last, last.saturating_sub(1)],
            _ => vec![last],
        }
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        Streaming::PerFrame
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        cell_call(lowering, self.step.flags(), self.step.kind())
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use rnn_grammar::Code;

    use super::*;
    use crate::layers::testing::array;

    fn compiled(text: &str) -> crate::Compiled {
        crate::compile(&rnn_grammar::Source::new("test.rnn", text.to_owned()))
    }

    /// Outputs for all weights a half.
    fn values(text: &str, inputs: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        let compiled = compiled(text);
        assert_eq!(compiled.diagnostics, [], "{text}");
        let graph = &compiled.models[0].graph;
        let halves = |node: crate::graph::NodeId| {
            let sizes = |shape: &[u64]| shape.iter().map(|&size| usize::try_from(size).unwrap()).collect::<Vec<_>>();
            let weights = graph.nodes()[node.0].weights.iter();
            weights.map(|weight| ArrayD::from_elem(sizes(&weight.shape), 0.5)).collect()
        };
        crate::reference::evaluate(graph, halves, inputs).unwrap()
    }

    #[test]
    fn a_call_is_one_step_from_the_given_state() {
        let text = "x = Input((1,))\nh = Input((1,))\ny, [z] = SimpleRNNCell(1, activation=None)(x, [h])\n\
                    model = Model([x, h], [y, z])\n";
        let outputs = values(text, &[array(&[2, 1], &[1.0, 2.0]), array(&[2, 1], &[3.0, 5.0])]);
        // x/2 + h/2 + 1/2
        assert_eq!(outputs[0], array(&[2, 1], &[2.5, 4.0]));
        assert_eq!(outputs[1], outputs[0]);
    }

    #[test]
    fn an_lstm_cell_answers_what_the_layer_does_over_one_step() {
        let ends = "x = Input((1, 2))\nh = Input((3,))\nc = Input((3,))\n";
        let inputs =
            [array(&[1, 1, 2], &[0.3, -0.2]), array(&[1, 3], &[0.1, 0.2, 0.3]), array(&[1, 3], &[1.0, 0.5, 0.2])];
        let cell =
            values(&format!("{ends}y, s = LSTMCell(3)(x[:, 0], [h, c])\nmodel = Model([x, h, c], [y] + s)\n"), &inputs);
        let layer = "LSTM(3, return_state=True)(x, initial_state=[h, c])";
        assert_eq!(cell, values(&format!("{ends}model = Model([x, h, c], {layer})\n"), &inputs));
    }

    #[test]
    fn states_that_do_not_fit_are_refused() {
        let codes = |call: &str| {
            let text = format!("x = Input((3,))\nh = Input((4,))\ng = Input((5,))\ns = Input((2, 3))\nq = {call}\n");
            compiled(&text).diagnostics.iter().map(|mistake| mistake.code).collect::<Vec<_>>()
        };
        assert_eq!(codes("GRUCell(4)(x, h)")[..], [Code::W103]);
        assert_eq!(codes("GRUCell(4)(x, [h, h])")[..], [Code::E142]);
        assert_eq!(codes("LSTMCell(4)(x, h)")[..], [Code::E142]);
        assert_eq!(codes("GRUCell(4)(x, [g])")[..], [Code::E220]);
        assert_eq!(codes("GRUCell(4)(s, [h])")[..], [Code::E203]);
        assert_eq!(codes("GRUCell(4)(x)")[..], [Code::E111]);
        assert_eq!(codes("GRUCell(4)(x, [h], False)")[..], [Code::E114]);
    }
}
