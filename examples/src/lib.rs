//! Worked examples; see the folders beside.
