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
        // What a row looks at is as long as it is; what is looked at, keys, values and their mask, is joined.
        let (rows, looked_at) = link.reads.split_at(match &link.operation {
            Operation::Attend(_) => 1,
            _ => link.reads.len(),
        });
        let least = join(&mut first, &counted, rows);
        join(&mut first, &counted, looked_at);
        if let Some(least) = least.filter(|_| goes_on(link)) {
            counted.insert(Source::Link(place), least);
        }
    }
    first
}

/// Gives these tensors one length; answers the first input that has it.
fn join(first: &mut [usize], counted: &HashMap<Source, usize>, tensors: &[Source]) -> Option<usize> {
    let read: Vec<usize> = tensors.iter().filter_map(|read| counted.get(read)).map(|&input| first[input]).collect();
    let least = *read.iter().min()?;
    first.iter_mut().filter(|first| read.contains(first)).for_each(|first| *first = least);
    Some(least)
}

/// Whether what a link makes has rows for each frame that it reads.
fn goes_on(link: &Link) -> bool {
    match &link.operation {
        Operation::Recurrent(recurrent) => recurrent.return_sequences || recurrent.samples == Samples::Many,
        Operation::Rows(_) | Operation::InPlace(_) | Operation::Join(_) | Operation::Attend(_) => true,
        Operation::Window(_) | Operation::Fold(_) => false,
    }
}

/// Whether the number of timesteps is free.
pub(super) fn is_free(axes: &[Dimension]) -> bool {
    axes.first().is_some_and(|axis| axis.known().is_none())
}
