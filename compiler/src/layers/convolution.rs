//! What the four convolutions over time share: their arguments, which axis holds the features, and the error
//! where nothing is left of the sequence.

use ndarray::{Array3, ArrayD, ArrayView2, ArrayView3, ArrayViewMut3, Ix3};
use rnn_grammar::{Code, Diagnostic, Span};

use crate::activation::Activation;
use crate::arguments::Arguments;
use crate::declaration::{Argument, Kind};
use crate::layer::{Mismatch, Streaming};
use crate::layers::checks::Check;
use crate::layers::recurrent::{activation_of, vector};
use crate::layers::windows::{Padding, Windows, timesteps};
use crate::plan::kernels;
use crate::plan::lowered::{Lowered, Lowering, Reach, fixed};
use crate::reference::activation;
use crate::reference::real::Real;
use crate::shape::{Dimension, Shape};

pub(crate) const KERNEL_SIZE: Argument = Argument::required("kernel_size", Kind::Any, "Timesteps that a filter reads.");
pub(crate) const STRIDES: Argument =
    Argument::optional("strides", Kind::Any, "1", "Timesteps from one place of the filters to the next.");
pub(crate) const PADDING: Argument = Argument::optional(
    "padding",
    Kind::AnyCase(&["valid", "same"]),
    "\"valid\"",
    "Whether filters stay within the sequence, or may reach over its ends, where zeros are.",
);
pub(crate) const DATA_FORMAT: Argument = Argument::optional(
    "data_format",
    Kind::Choice(&["channels_last", "channels_first"]),
    "None",
    "Which axis holds the features: the last one, or the one before the timesteps.",
);
pub(crate) const DILATION_RATE: Argument =
    Argument::optional("dilation_rate", Kind::Any, "1", "Timesteps from one that a filter reads to the next.");
pub(crate) const DEPTH_MULTIPLIER: Argument =
    Argument::optional("depth_multiplier", Kind::PositiveInteger, "1", "Filters for each feature.");
pub(crate) const ACTIVATION: Argument =
    Argument::optional("activation", Kind::Activation, "None", "Applied to the sums; `None` is linear.");
pub(crate) const USE_BIAS: Argument = Argument::optional("use_bias", Kind::Boolean, "True", "Whether a bias is added.");

/// What all convolutions are told.
#[derive(Clone, Debug)]
pub(crate) struct Convolution {
    pub(crate) windows: Windows,
    pub(crate) layout: Layout,
    pub(crate) activation: Activation,
    pub(crate) use_bias: bool,
    /// Where `kernel_size` stands.
    pub(crate) span: Option<Span>,
}

impl Convolution {
    /// Reads the arguments that all have; reports what is wrong.
    pub(crate) fn read(arguments: &mut Arguments<'_>) -> Option<Self> {
        let size = timesteps(arguments, "kernel_size");
        let stride = timesteps(arguments, "strides");
        let dilation = timesteps(arguments, "dilation_rate");
        let activation = activation_of(arguments, "activation");
        let padding = Padding::read(arguments);
        Some(Self {
            windows: Windows { size: size?, stride: stride?, dilation: dilation?, padding },
            layout: Layout { is_first: arguments.choice("data_format") == Some("channels_first") },
            activation: activation?,
            use_bias: arguments.boolean("use_bias"),
            span: arguments.get("kernel_size").span,
        })
    }

    /// Keras refuses strides together with a dilation where it could not run them on every backend.
    pub(crate) fn refuses_strides_with_dilation(&self, arguments: &mut Arguments<'_>) -> Option<()> {
        if self.windows.stride == 1 || self.windows.dilation == 1 {
            return Some(());
        }
        let title = format!("`{}` takes `strides` or a `dilation_rate`, not both", arguments.declaration.class);
        let diagnostic = Diagnostic::new(Code::E223, arguments.span("dilation_rate"), title)
            .at(format!("timesteps left out within a filter, and {} between its places", self.windows.stride - 1))
            .label(arguments.span("strides"), "more than 1")
            .help("leave one of them at 1; a stride behind a dilation is `MaxPooling1D(1, strides=…)`");
        arguments.report(diagnostic);
        None
    }

    /// The shape of so many filters at every place.
    pub(crate) fn output_shape(&self, check: Check<'_>, filters: u64) -> Result<Shape, Mismatch> {
        let timesteps = match self.layout.timesteps(check.shape) {
            Dimension::Known(timesteps) => Dimension::Known(self.places(check, timesteps)?),
            Dimension::Free => Dimension::Free,
        };
        Ok(self.layout.shape(check.shape, timesteps, filters))
    }

    fn places(&self, check: Check<'_>, timesteps: u64) -> Result<u64, Mismatch> {
        let (count, _) = self.windows.over(timesteps);
        if count > 0 {
            return Ok(count);
        }
        let (class, span) = (check.class, self.windows.span());
        let title = format!("`{class}` has filters over {span} timesteps, but gets `{}`", check.shape);
        let mismatch = Mismatch::new(Code::E221, title, "no filter fits").within(self.span);
        Err(mismatch.help("choose a smaller `kernel_size`, or let filters reach over the ends with `padding=\"same\"`"))
    }

    /// Adds the bias, the last weight, to sums of shape (batch, timesteps, filters), and applies the activation.
    pub(crate) fn finish<R: Real>(&self, mut sums: Array3<R>, bias: Option<&ArrayD<R>>) -> Vec<ArrayD<R>> {
        if let Some(bias) = bias {
            sums += &vector(bias);
        }
        let mut output = self.layout.back(sums);
        activation::apply(self.activation, &mut output);
        vec![output]
    }

    /// The kernels that `make` answers for these places with an activation of single values, and around them those that turn
    /// the axes or look at whole rows; `places` tells the timesteps of the output.
    ///
    /// # Errors
    /// Where an axis is free, or `make` errs.
    pub(crate) fn lower(
        &self,
        lowering: &Lowering<'_>,
        (filters, places): (u64, impl FnOnce(u64) -> u64),
        make: impl FnOnce(Places, Activation) -> Lowered,
    ) -> Lowered {
        let Some(shape) = lowering.inputs.first() else { return Ok(Vec::new()) };
        // Where each timestep goes through by itself, it is a sample of one.
        let timesteps = if self.is_by_timestep() { Some(1) } else { self.layout.timesteps(shape).known() };
        let after = timesteps.map_or(Dimension::Free, |timesteps| Dimension::Known(places(timesteps)));
        let rows = match (timesteps, after.known()) {
            (Some(before), Some(after)) => Some([before, after].map(Dimension::Known)),
            _ => None,
        };
        let rows = rows.map(|[before, after]| Ok([fixed(before)?, fixed(after)?])).transpose()?;
        let features = fixed(shape.0[self.layout.axes()[1]])?;
        let fused = if self.activation.is_elementwise() { self.activation } else { Activation::Linear };
        let axes = [after, Dimension::Known(filters)];
        let mut operations = self.layout.turn(lowering.sample())?;
        operations.extend(make(Places { rows, features, reach: self.windows.reach(timesteps)? }, fused)?);
        operations.extend(self.layout.turn(&axes)?);
        if !self.activation.is_elementwise() {
            let width = if self.layout.is_first { axes[0] } else { axes[1] };
            operations.extend(kernels::activation(self.activation, fixed(width)?));
        }
        let is_whole = self.layout.is_first || self.is_by_timestep();
        if is_whole { kernels::windows::whole(operations) } else { Ok(operations) }
    }

    /// Whether each timestep goes through by itself: then it is the layer `Dense` under another name.
    pub(crate) fn is_by_timestep(&self) -> bool {
        self.windows.size == 1 && self.windows.stride == 1 && !self.layout.is_first
    }

    pub(crate) fn streaming(&self) -> Streaming {
        if self.is_by_timestep() {
            return Streaming::PerFrame;
        }
        if self.layout.is_first {
            return Streaming::Impossible("reads the timesteps along the last axis".to_owned());
        }
        Streaming::Windows
    }

    /// The same with this activation of single values, where it has none yet.
    pub(crate) fn with_activation(&self, activation: Activation) -> Option<Self> {
        (self.activation == Activation::Linear).then(|| Self { activation, ..self.clone() })
    }
}

/// Where the filters of a convolution lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    /// Timesteps before and behind, where they are known.
    pub(crate) rows: Option<[usize; 2]>,
    /// Features of the input.
    pub(crate) features: usize,
    /// What each filter reads.
    pub(crate) reach: Reach,
}

impl Places {
    /// Stride, dilation, and how many timesteps before the beginning the first filter begins.
    pub(crate) const fn window(&self) -> [usize; 3] {
        [self.reach.stride, self.reach.dilation, self.reach.first.unsigned_abs()]
    }
}

/// Which axis holds the features.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Whether they come before the timesteps.
    pub(crate) is_first: bool,
}

impl Layout {
    /// The axes of timesteps and features, the batch counted as 0.
    const fn axes(self) -> [usize; 2] {
        if self.is_first { [2, 1] } else { [1, 2] }
    }

    /// A sequence whose features are known, with their number.
    pub(crate) fn check<'a>(self, class: &'static str, inputs: &'a [Shape]) -> Result<(Check<'a>, u64), Mismatch> {
        let check = Check::single(class, inputs)?.sequence()?;
        let features = check.known_axis(self.axes()[1])?;
        Ok((check, features))
    }

    /// The features of a shape that was checked.
    pub(crate) fn features(self, inputs: &[Shape]) -> u64 {
        inputs.first().and_then(|shape| shape.0.get(self.axes()[1])?.known()).unwrap_or(0)
    }

    /// The timesteps of a sequence.
    pub(crate) fn timesteps(self, shape: &Shape) -> Dimension {
        shape.0[self.axes()[0]]
    }

    /// The same batch with these timesteps and features.
    pub(crate) fn shape(self, shape: &Shape, timesteps: Dimension, features: u64) -> Shape {
        let mut output = shape.clone();
        let [time, feature] = self.axes();
        output.0[time] = timesteps;
        output.0[feature] = Dimension::Known(features);
        output
    }

    /// The sequence with its features last.
    pub(crate) fn sequence<R: Real>(self, input: &ArrayD<R>) -> Array3<R> {
        let view = input.view().into_dimensionality::<Ix3>();
        let view = view.unwrap_or_else(|_| unreachable!("the shape is checked: a sequence"));
        if self.is_first { view.permuted_axes([0, 2, 1]).to_owned() } else { view.to_owned() }
    }

    /// The sequence with its features where they belong.
    fn back<R: Real>(self, sequence: Array3<R>) -> ArrayD<R> {
        let turned = if self.is_first { sequence.permuted_axes([0, 2, 1]) } else { sequence };
        turned.as_standard_layout().into_owned().into_dyn()
    }

    /// Exchanges both axes of a sample, where the features come first on one side of the kernels.
    fn turn(self, axes: &[Dimension]) -> Lowered {
        if self.is_first { kernels::permute(axes, &[1, 0]) } else { Ok(Vec::new()) }
    }
}

/// Adds to row i of `output` the product of row i·stride + first of `input` with `kernel`, wherever there is such a row.
pub(crate) fn add_tap<R: Real>(
    output: &mut ArrayViewMut3<'_, R>,
    input: &ArrayView3<'_, R>,
    kernel: &ArrayView2<'_, R>,
    (stride, first): (i128, i128),
) {
    for (mut output, input) in output.outer_iter_mut().zip(input.outer_iter()) {
        for (place, mut sums) in output.outer_iter_mut().enumerate() {
            let row = usize::try_from(place as i128 * stride + first).ok().filter(|row| *row < input.nrows());
            if let Some(row) = row {
                sums += &input.row(row).dot(kernel);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use ndarray::ArrayD;
    use rnn_grammar::Source;

    use crate::graph::NodeKind;
    use crate::layer::Call;
    use crate::layers::testing::array;

    /// What the last layer of this Sequential makes of these arrays: its input, then its weights.
    pub(crate) fn evaluated(layers: &str, arrays: &[(&[usize], &[f64])]) -> ArrayD<f64> {
        let compiled = crate::compile(&Source::new("test.rnn", format!("model = Sequential([{layers}])\n")));
        assert_eq!(compiled.diagnostics, [], "{layers}");
        let node = compiled.models[0].graph.nodes().last().unwrap();
        let NodeKind::Layer { instance, .. } = &node.node.kind else { panic!("{layers}: the last node is no layer") };
        let arrays: Vec<ArrayD<f64>> = arrays.iter().map(|(shape, values)| array(shape, values)).collect();
        let shapes: Vec<Vec<u64>> =
            arrays[1..].iter().map(|weight| weight.shape().iter().map(|&size| size as u64).collect()).collect();
        assert_eq!(node.weights.iter().map(|weight| weight.shape.clone()).collect::<Vec<_>>(), shapes, "{layers}");
        instance.layer.evaluate_f64(&Call { inputs: &arrays[..1], weights: &arrays[1..] }).remove(0)
    }
}
