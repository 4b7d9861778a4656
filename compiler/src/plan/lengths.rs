//! Which inputs of free timesteps must be equally long, and which have a length of their own.

use std::collections::HashMap;

use super::lowered::{Operation, Samples};
use super::network::{Link, Network, Source};
use crate::shape::Dimension;

/// For each input the first one that has as many timesteps: of free inputs, those that are joined row by row.
pub(super) fn lengths(network: &Network) -> Vec<usize> {
    joined(network, is_free)
}

/// Whether all inputs, free or not, are joined row by row, so that each frame of a stream has a timestep of each.
pub(super) fn go_together(network: &Network) -> bool {
    joined(network, |_| true).iter().all(|&first| first == 0)
}

fn joined(network: &Network, is_counted: impl Fn(&[Dimension]) -> bool) -> Vec<usize> {
    let mut first: Vec<usize> = (0..network.inputs.len()).collect();
    // Whose frames a tensor counts, where it counts any.
    let mut counted: HashMap<Source, usize> = HashMap::new();
    let inputs = network.inputs.iter().enumerate().filter(|(_, input)| is_counted(&input.axes));
    counted.extend(inputs.map(|(place, _)| (Source::Input(place), place)));
    for (place, link) in network.links.iter().enumerate() {
        let read: Vec<usize> =
            link.reads.iter().filter_map(|read| counted.get(read)).map(|&input| first[input]).collect();
        let Some(&least) = read.iter().min() else { continue };
        first.iter_mut().filter(|first| read.contains(first)).for_each(|first| *first = least);
        if goes_on(link) {
            counted.insert(Source::Link(place), least);
        }
    }
    first
}

/// Whether what a link makes has rows for each frame that it reads.
fn goes_on(link: &Link) -> bool {
    match &link.operation {
        Operation::Recurrent(recurrent) => recurrent.return_sequences || recurrent.samples == Samples::Many,
        Operation::Rows(_) | Operation::InPlace(_) | Operation::Join(_) => true,
        Operation::Window(_) | Operation::Fold(_) => false,
    }
}

/// Whether the number of timesteps is free.
pub(super) fn is_free(axes: &[Dimension]) -> bool {
    axes.first().is_some_and(|axis| axis.known().is_none())
}
