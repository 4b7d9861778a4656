//! `RNN`: a walk over time with a cell, or with a stack of cells, each reading at every step what the one before it gives.
//!
//! Without masks that equals a chain of `SimpleRNN`, `LSTM` and `GRU` layers, all but the last of which give whole
//! sequences: only the first one meets the frames in another order under `go_backwards`, as its outputs come in the
//! order of processing. So code and values are those layers'.
//!
//! <https://keras.io/api/layers/recurrent_layers/rnn/>. Differences to Keras: the input has exactly 3 axes (Keras lets
//! others through); states to begin with must have the states' shapes and groups. Where such a state that is a list comes first and
//! one that is none comes last, Keras repeats at masked steps the last state of the first sample for all; here of each its own.

use std::rc::Rc;

use ndarray::ArrayD;
use rnn_grammar::{Code, Diagnostic};

use crate::arguments::Arguments;
use crate::declaration::{Argument, Declaration, Kind};
use crate::evaluate_generically;
use crate::graph::TypedGraph;
use crate::layer::{
    Call, Layer, LayerInstance, Mismatch, Recurrence, ShownMask, States, StepMasking, Streaming, Takes, WeightSpec,
};
use crate::layers::axes::shape_of;
use crate::layers::cells::{Step, StepOf};
use crate::layers::chain::Chain;
use crate::layers::recurrent::arguments::{
    GO_BACKWARDS, RETURN_SEQUENCES, RETURN_STATE, STATEFUL, UNROLL, ZERO_OUTPUT_FOR_MASK,
};
use crate::layers::recurrent::states::check_count;
use crate::layers::recurrent::{LAST_STEP, SEQUENCE_FIX, TimeLoop, evaluate_masked, flags_of};
use crate::masks::{MaskCall, MaskShapes, Masked};
use crate::plan::lowered::{Lowered, Lowering};
use crate::reference::real::Real;
use crate::shape::Shape;
use crate::value::Value;

/// `RNN`.
pub(crate) const RNN: Declaration = Declaration {
    class: "RNN",
    aliases: &[],
    base_name: "rnn",
    summary: "Walks over time with a cell, or with several that read each other's outputs.",
    details: "`RNN(LSTMCell(8))` computes what `LSTM(8)` does. `RNN([cell, cell])` makes a `StackedRNNCells` of the list; \
              its states are grouped by cells: `y, state, other = RNN([LSTMCell(3), GRUCell(2)], return_state=True)(x)`, \
              where `state` is `[h, c]`.\n\n\
              Weights: the cells', below their names.",
    arguments: &[
        Argument::required("cell", Kind::Cells { single: true }, "A cell, or a list of cells."),
        RETURN_SEQUENCES,
        RETURN_STATE,
        GO_BACKWARDS,
        STATEFUL,
        UNROLL,
        ZERO_OUTPUT_FOR_MASK,
    ],
    takes_common: true,
    build,
};

/// An `RNN` with its cells.
#[derive(Debug)]
struct Rnn {
    cell: Rc<LayerInstance>,
    /// Width of the output, and all states of all cells.
    flags: Recurrence,
    walks: Vec<Walk>,
}

/// One cell's walk over time, as a layer.
#[derive(Debug)]
pub(crate) struct Walk {
    /// The cell.
    cell: usize,
    /// Where its weights stand below the layer: `stacked_rnn_cells/lstm_cell`.
    path: String,
    trainable: bool,
    pub(crate) layer: Box<dyn Layer>,
    flags: Recurrence,
}

fn build(arguments: &mut Arguments<'_>) -> Option<Box<dyn Layer>> {
    let Value::Layer(cell) = arguments.get("cell").value.clone() else { return None };
    let rnn = Rnn::new(cell, flags_of(arguments, 0, 0));
    let mut paths: Vec<(&str, usize)> = rnn.walks.iter().map(|walk| (walk.path.as_str(), walk.cell)).collect();
    paths.sort_unstable();
    // The same cell may come again.
    if let Some(pair) = paths.windows(2).find(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1) {
        let title = format!("two cells of `{}` have the name `{}`", arguments.name, last_name(pair[0].0));
        let mistake = Diagnostic::new(Code::E120, arguments.span("cell"), title).at("the same name twice");
        arguments.report(mistake.help("give each a name of its own: their weights are found by it"));
        return None;
    }
    Some(Box::new(rnn))
}

fn last_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Rnn {
    /// The layer with these flags, whose width and states are the cells'.
    fn new(cell: Rc<LayerInstance>, flags: Recurrence) -> Self {
        let mut steps = Vec::new();
        collect(&cell, "", &mut steps);
        let n_steps = steps.len();
        let walk = |(index, Found { cell, path, trainable, step }): (usize, Found)| {
            let own = step.flags();
            let flags = Recurrence {
                units: own.units,
                n_states: own.n_states,
                return_sequences: flags.return_sequences || index + 1 < n_steps,
                go_backwards: flags.go_backwards && index == 0,
                masking: StepMasking { is_turned: flags.go_backwards && index > 0, ..flags.masking },
                ..flags
            };
            Walk { cell, path, trainable, layer: step.layer(flags), flags }
        };
        let walks: Vec<Walk> = steps.into_iter().enumerate().map(walk).collect();
        let units = walks.last().map_or(0, |walk| walk.flags.units);
        let n_states = walks.iter().map(|walk| walk.flags.n_states).sum();
        Self { cell, flags: Recurrence { units, n_states, ..flags }, walks }
    }

    /// The states that each cell begins with, from all of them in order.
    fn states_of<'a, T>(&self, states: &'a [T]) -> Vec<&'a [T]> {
        let mut rest = states;
        let mut parts = Vec::with_capacity(self.walks.len());
        for walk in &self.walks {
            let (own, others) = rest.split_at(walk.flags.n_states.min(rest.len()));
            parts.push(own);
            rest = others;
        }
        parts
    }

    fn evaluate<R: Real>(&self, call: &Call<'_, R>) -> Vec<ArrayD<R>> {
        if self.flags.masking.is_read {
            let run = |flags, call: &Call<'_, R>| Self::new(Rc::clone(&self.cell), flags).evaluate(call);
            return evaluate_masked(call, self.flags, run);
        }
        let (mut sequence, mut states) = (call.inputs[0].clone(), Vec::new());
        let mut first = 0;
        for (walk, begin) in self.walks.iter().zip(self.states_of(&call.inputs[1..])) {
            let n_weights = walk.layer.weights(&[shape_of(&sequence)]).len();
            let weights = &call.weights[first..first + n_weights];
            first += n_weights;
            let inputs: Vec<_> = std::iter::once(sequence).chain(begin.iter().cloned()).collect();
            let mut outputs = R::evaluate(walk.layer.as_ref(), &Call { inputs: &inputs, weights });
            states.extend(outputs.split_off(1));
            sequence = outputs.remove(0);
        }
        states.insert(0, sequence);
        states
    }
}

/// A cell inside a cell.
struct Found {
    cell: usize,
    path: String,
    trainable: bool,
    step: Step,
}

/// The cells of a cell, in the order in which they are run.
fn collect(cell: &LayerInstance, parent: &str, steps: &mut Vec<Found>) {
    let path = if parent.is_empty() { cell.name.clone() } else { format!("{parent}/{}", cell.name) };
    match cell.layer.step() {
        Some(StepOf::One(step)) => {
            steps.push(Found { cell: cell.id, path, trainable: cell.trainable, step: step.clone() });
        }
        Some(StepOf::Several(cells)) => cells.iter().for_each(|inner| collect(inner, &path, steps)),
        None => {}
    }
}

/// How a cell groups its states.
pub(crate) fn groups(cell: &LayerInstance) -> Vec<States> {
    match cell.layer.step() {
        Some(StepOf::One(step)) => vec![States::One; step.flags().n_states],
        Some(StepOf::Several(cells)) => cells.iter().map(|cell| group(cell)).collect(),
        None => Vec::new(),
    }
}

fn group(cell: &LayerInstance) -> States {
    let mut groups = groups(cell);
    let is_one_state = matches!(cell.layer.step(), Some(StepOf::One(_))) && groups.len() == 1;
    if is_one_state { groups.remove(0) } else { States::Several(groups) }
}

impl Layer for Rnn {
    fn declaration(&self) -> &'static Declaration {
        &RNN
    }

    fn output_shapes(&self, inputs: &[Shape]) -> Result<Vec<Shape>, Mismatch> {
        let (sequence, given) = inputs.split_at(inputs.len().min(1));
        let (given, mask) = given.split_at(given.len() - usize::from(self.flags.masking.is_read && !given.is_empty()));
        if !given.is_empty() {
            check_count(RNN.class, self.flags.n_states, given.len())?;
        }
        let (mut sequence, mut states) = (sequence.to_vec(), Vec::new());
        for (walk, begin) in self.walks.iter().zip(self.states_of(given)) {
            sequence.extend(begin.iter().chain(mask).cloned());
            let outputs = walk.layer.output_shapes(&sequence).map_err(|mut mismatch| {
                let class = format!("`{}`", walk.layer.declaration().class);
                mismatch.title = mismatch.title.replacen(&class, "`RNN`", 1);
                mismatch
            })?;
            states.extend(outputs.iter().skip(1).cloned());
            sequence = outputs.into_iter().take(1).collect();
        }
        sequence.extend(states);
        Ok(sequence)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<WeightSpec> {
        let mut sequence = inputs.first().cloned();
        let mut weights = Vec::new();
        for walk in &self.walks {
            let Some(shape) = sequence else { break };
            let own = walk.layer.weights(std::slice::from_ref(&shape)).into_iter().enumerate();
            weights.extend(own.map(|(place, weight)| {
                let path = format!("{}/{}", walk.path, last_name(&weight.path));
                WeightSpec { path, trainable: weight.trainable && walk.trainable, ..weight }.of(walk.cell, place)
            }));
            sequence = Some(shape.with_last(walk.flags.units));
        }
        weights
    }

    fn describes_output(&self) -> Option<&'static str> {
        (!self.flags.return_sequences).then_some(LAST_STEP)
    }

    fn sequence_fix(&self) -> Option<&'static str> {
        (!self.flags.return_sequences).then_some(SEQUENCE_FIX)
    }

    fn takes(&self) -> Takes {
        Takes::Sequence
    }

    fn sublayers(&self) -> Vec<Rc<LayerInstance>> {
        vec![Rc::clone(&self.cell)]
    }

    fn recurrence(&self) -> Option<Recurrence> {
        Some(self.flags)
    }

    fn state_groups(&self) -> Option<Vec<States>> {
        Some(groups(&self.cell))
    }

    fn streaming(&self, _inputs: &[Shape]) -> Streaming {
        TimeLoop { class: RNN.class, flags: self.flags }.streaming()
    }

    fn reversed(&self) -> Option<Box<dyn Layer>> {
        let flags = Recurrence { go_backwards: !self.flags.go_backwards, ..self.flags };
        Some(Box::new(Self::new(Rc::clone(&self.cell), flags)))
    }

    fn chain(&self) -> Option<Vec<(String, Box<dyn Layer>)>> {
        let copy = Self::new(Rc::clone(&self.cell), self.flags);
        let named = copy.walks.into_iter().map(|walk| (last_name(&walk.path).to_owned(), walk.layer));
        (self.walks.len() > 1).then(|| named.collect())
    }

    fn expanded(&self, whole: &LayerInstance, inputs: &[Shape], id: &mut dyn FnMut() -> usize) -> Option<TypedGraph> {
        let layers = self.chain()?;
        let mut chain = Chain::over(whole, inputs, id);
        let read = chain.inputs();
        let outputs = chain.run(layers, read[0], &read[1..]);
        Some(chain.finish(outputs))
    }

    fn lower(&self, lowering: &Lowering<'_>) -> Lowered {
        let mut inputs = lowering.inputs.to_vec();
        let (mut operations, mut first) = (Vec::new(), 0);
        for walk in &self.walks {
            let mut kernels = walk.layer.lower(&Lowering { inputs: &inputs, ..*lowering })?;
            kernels.iter_mut().for_each(|kernel| kernel.shift_tensors(first));
            first += walk.layer.weights(&inputs).len();
            inputs = vec![inputs[0].with_last(walk.flags.units)];
            operations.append(&mut kernels);
        }
        Ok(operations)
    }

    fn with_zeros(&self, zeros: bool) -> Option<Box<dyn Layer>> {
        let masking = StepMasking { zeros, ..self.flags.masking };
        Some(Box::new(Self::new(Rc::clone(&self.cell), Recurrence { masking, ..self.flags })))
    }

    fn takes_mask(&self) -> bool {
        true
    }

    fn mask(&self, call: &mut MaskCall<'_>) -> Result<Masked, Mismatch> {
        TimeLoop { class: RNN.class, flags: self.flags }.mask(call)
    }

    fn with_mask(&self, shapes: &MaskShapes<'_>) -> Result<Option<Box<dyn Layer>>, Mismatch> {
        let flags = TimeLoop { class: RNN.class, flags: self.flags }.masked_flags(shapes)?;
        Ok(Some(Box::new(Self::new(Rc::clone(&self.cell), flags))))
    }

    fn shown_mask(&self) -> ShownMask {
        if self.flags.return_sequences { ShownMask::First } else { ShownMask::None }
    }

    evaluate_generically!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activation::Activation;
    use crate::layers::cells::Step;
    use crate::layers::simple_rnn::SimpleRnn;
    use crate::layers::testing::{array, assert_near, codes, output};

    fn flags(return_sequences: bool, go_backwards: bool) -> Recurrence {
        let (stateful, unroll, return_state) = (false, None, true);
        Recurrence {
            units: 1,
            return_sequences,
            go_backwards,
            stateful,
            unroll,
            return_state,
            n_states: 1,
            masking: StepMasking::default(),
        }
    }

    fn sums(return_sequences: bool, go_backwards: bool) -> Rnn {
        let flags = flags(return_sequences, go_backwards);
        let walk = |flags: Recurrence| {
            let step = SimpleRnn { flags, activation: Activation::Linear, use_bias: false };
            let (path, layer) = ("cell".to_owned(), Step::SimpleRnn(step).layer(flags));
            Walk { cell: 0, path, trainable: true, layer, flags }
        };
        let first = walk(Recurrence { return_sequences: true, ..flags });
        let second = walk(Recurrence { go_backwards: false, ..flags });
        let nothing = SimpleRnn { flags, activation: Activation::Linear, use_bias: false };
        let cell = crate::layers::testing::instance("cells", nothing);
        Rnn { cell, flags: Recurrence { n_states: 2, ..flags }, walks: vec![first, second] }
    }

    #[test]
    fn a_cell_reads_what_the_one_before_gives_in_the_order_of_processing() {
        let one = |value: f64| array(&[1, 1], &[value]);
        let weights = [one(1.0), one(1.0), one(10.0), one(1.0)];
        let values = |layer: Rnn, inputs: &[ArrayD<f64>]| layer.evaluate(&Call { inputs, weights: &weights });
        let input = [array(&[1, 2, 1], &[1.0, 2.0])];
        // The first cell sums up: 1, 3, or backwards 2, 3; the second one sums ten times that.
        assert_near(&values(sums(true, false), &input)[0], &[1, 2, 1], &[10.0, 40.0]);
        assert_near(&values(sums(true, true), &input)[0], &[1, 2, 1], &[20.0, 50.0]);
        let last = values(sums(false, false), &input);
        assert_near(&last[0], &[1, 1], &[40.0]);
        assert_near(&last[1], &[1, 1], &[3.0]);
        assert_near(&last[2], &[1, 1], &[40.0]);
        let begun = [input[0].clone(), one(5.0), one(100.0)];
        assert_near(&values(sums(true, false), &begun)[0], &[1, 2, 1], &[160.0, 240.0]);
    }

    #[test]
    fn counts_and_paths_are_keras_s() {
        let weights = |layers: &str| {
            let text = format!("model = Sequential([Input((5, 3)), {layers}])\n");
            let compiled = crate::compile(&rnn_grammar::Source::new("test.rnn", text));
            assert_eq!(compiled.diagnostics, []);
            let model = &compiled.models[0];
            let nodes = model.graph.nodes().iter().flat_map(|node| node.weights.iter());
            (model.total_params(), nodes.map(|weight| weight.path.clone()).collect::<Vec<_>>())
        };
        let (count, paths) = weights("RNN([LSTMCell(3), GRUCell(2)])");
        assert_eq!((count, paths[0].as_str()), (126, "stacked_rnn_cells/lstm_cell/kernel"));
        assert_eq!(paths[5], "stacked_rnn_cells/gru_cell/bias");
        let (count, paths) = weights("RNN(LSTMCell(4))");
        assert_eq!((count, paths[0].as_str()), (128, "lstm_cell/kernel"));
        let (count, paths) = weights("Bidirectional(RNN([LSTMCell(3), LSTMCell(2)]))");
        assert_eq!((count, paths[9].as_str()), (264, "backward_rnn/stacked_rnn_cells/lstm_cell_1/kernel"));
    }

    #[test]
    fn shapes_and_refusals() {
        assert_eq!(output("Input((5, 3)), RNN([LSTMCell(3), GRUCell(2)], return_sequences=True)"), "(None, 5, 2)");
        assert_eq!(
            output("Input((5, 3)), RNN(StackedRNNCells([StackedRNNCells([GRUCell(2)]), GRUCell(4)]))"),
            "(None, 4)"
        );
        assert_eq!(output("Input((2, 5, 3)), TimeDistributed(RNN([LSTMCell(3), GRUCell(2)]))"), "(None, 2, 2)");
        assert_eq!(codes("Input((5, 3)), RNN(LSTM(3))"), [Code::E139]);
        assert_eq!(codes("Input((5, 3)), RNN([])"), [Code::E140]);
        assert_eq!(codes("Input((5, 3)), LSTMCell(3)"), [Code::E136]);
        assert_eq!(codes("Input((3,)), RNN(LSTMCell(3))"), [Code::E204]);
        assert_eq!(codes("Input((None, 3)), RNN(LSTMCell(3), unroll=True)"), [Code::E214]);
        assert_eq!(codes("Input((5, 3)), RNN(LSTMCell(3), stateful=True)"), [Code::E215]);
        assert_eq!(codes("Input((5, 3)), RNN(LSTMCell(3, return_sequences=True))"), [Code::E112]);
        assert_eq!(codes("Input((5, 3)), RNN([GRUCell(3), GRUCell(3, name='gru_cell')])"), [Code::E120]);
        assert_eq!(codes("Input((5, 3)), RNN(undefined)"), [Code::E101]);
        assert_eq!(codes("Input((5, 3)), RNN([GRUCell(3), undefined])"), [Code::E101]);
    }
}
