//! The table of diagnostic codes: one row each, and one page each in `codes/`.
//!
//! `E` stops, `W` warns, `N` notes. The first digit names the stage: 0 syntax, 1 names and arguments,
//! 2 shapes, 3 weights, 4 targets, 5 files.

use crate::Severity;

macro_rules! codes {
    ($($code:ident $meaning:literal)*) => {
        /// A diagnostic's code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $meaning] $code,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// The code as it is written, such as `E204`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code)),* }
            }

            /// What the code means, in one line.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning),* }
            }

            /// Its page: the meaning, a failing example and the repaired one.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self { $(Self::$code => include_str!(concat!("../codes/", stringify!($code), ".md"))),* }
            }
        }
    };
}

codes! {
    E001 "the text does not fit the language's grammar"
}

impl Code {
    /// The code with this name, in either case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(name))
    }

    /// The severity that its first letter tells.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self.as_str().as_bytes()[0] {
            b'E' => Severity::Error,
            b'W' => Severity::Warning,
            _ => Severity::Note,
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
