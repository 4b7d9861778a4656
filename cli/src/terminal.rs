//! Widths for tables, found as Python's `shutil.get_terminal_size` and the library rich find them for Keras.

use rnn_compiler::summary::Widths;
use terminal_size::{Width, terminal_size_of};

/// The widths that Keras takes: `COLUMNS`, else the terminal's width, else 80.
pub(crate) fn widths() -> Widths {
    let columns = std::env::var("COLUMNS").ok();
    let stdout = width_of(terminal_size_of(std::io::stdout()));
    let consoles =
        [width_of(terminal_size_of(std::io::stdin())), stdout, width_of(terminal_size_of(std::io::stderr()))];
    choose(columns.as_deref(), stdout, consoles.into_iter().flatten().next())
}

fn width_of(size: Option<(Width, terminal_size::Height)>) -> Option<usize> {
    size.map(|(Width(columns), _)| usize::from(columns)).filter(|&columns| columns > 0)
}

/// `COLUMNS` first; then the table asks standard output alone, the lines around it any terminal there is.
fn choose(columns: Option<&str>, stdout: Option<usize>, console: Option<usize>) -> Widths {
    let columns = columns.and_then(|columns| columns.trim().parse::<usize>().ok()).filter(|&columns| columns > 0);
    Widths {
        terminal: columns.or(stdout).unwrap_or(Widths::DEFAULT.terminal),
        console: columns.or(console).unwrap_or(Widths::DEFAULT.console),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_win_over_terminals() {
        assert_eq!(choose(Some("60"), Some(100), Some(100)), Widths { terminal: 60, console: 60 });
        assert_eq!(choose(Some("0"), None, None), Widths::DEFAULT);
        assert_eq!(choose(Some("wide"), Some(100), Some(120)), Widths { terminal: 100, console: 120 });
    }

    #[test]
    fn a_pipe_beside_a_terminal_has_the_default_table() {
        assert_eq!(choose(None, None, Some(132)), Widths { terminal: 80, console: 132 });
    }
}
