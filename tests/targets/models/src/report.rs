//! The lines, written without `core::fmt`, whose code would be larger than a model's.

/// Takes the lines apart into pieces of text for whatever writes them.
pub struct Report<'w> {
    write: &'w mut dyn FnMut(&str),
}

impl core::fmt::Debug for Report<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Report")
    }
}

impl<'w> Report<'w> {
    /// One that hands every piece of text to `write`.
    pub fn new(write: &'w mut dyn FnMut(&str)) -> Self {
        Self { write }
    }

    /// `isa NAME fused` or `isa NAME unfused`.
    pub fn instruction_set(&mut self, name: &str, is_fused: bool) {
        self.line(&["isa ", name, if is_fused { " fused" } else { " unfused" }]);
    }

    /// `NAME HASH BITS…`: the hash of all bits, and the bits of the first outputs.
    pub fn model(&mut self, name: &str, outputs: &[f32]) {
        self.text(name);
        self.text(" ");
        let hash = hash(outputs);
        self.hexadecimal((hash >> 32) as u32);
        self.hexadecimal(hash as u32);
        for output in outputs {
            self.text(" ");
            self.hexadecimal(output.to_bits());
        }
        self.text("\n");
    }

    /// `DIFFERS NAME FORM`: this form's bits are not those of the whole sequence.
    pub fn differs(&mut self, name: &str, form: &str) {
        self.line(&["DIFFERS ", name, " ", form]);
    }

    /// `WHAT NAME NUMBER`, for what a target measures besides.
    pub fn measured(&mut self, what: &str, name: &str, number: u32) {
        for piece in [what, " ", name, " "] {
            self.text(piece);
        }
        self.hexadecimal(number);
        self.text("\n");
    }

    fn line(&mut self, pieces: &[&str]) {
        for piece in pieces {
            self.text(piece);
        }
        self.text("\n");
    }

    fn text(&mut self, text: &str) {
        (self.write)(text);
    }

    fn hexadecimal(&mut self, number: u32) {
        const DIGITS: &str = "0123456789abcdef";
        for place in (0..8).rev() {
            let digit = (number >> (4 * place) & 15) as usize;
            self.text(DIGITS.get(digit..=digit).unwrap_or("?"));
        }
    }
}

/// FNV-1a over the bits, byte by byte, lowest first.
fn hash(outputs: &[f32]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in outputs.iter().flat_map(|output| output.to_bits().to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
