//! A safetensors file in memory, so that every target also reads, checks and packs weights.

/// A weight by its name in Keras, with its shape.
pub(crate) type Weight = (&'static str, &'static [usize]);

/// The file, written into memory whose length must do.
pub(crate) struct File<'m> {
    memory: &'m mut [u8],
    length: usize,
}

impl<'m> File<'m> {
    /// A file with these weights; what they are, their places alone decide.
    pub(crate) fn write(memory: &'m mut [u8], weights: &[Weight]) -> &'m [u8] {
        let mut file = File { memory, length: 0 };
        file.put(&[0; 8]);
        let mut offset = 0;
        for (index, (name, shape)) in weights.iter().enumerate() {
            file.put(if index == 0 { b"{\"" } else { b",\"" });
            file.put(name.as_bytes());
            file.put(b"\":{\"dtype\":\"F32\",\"shape\":[");
            file.list(shape);
            file.put(b"],\"data_offsets\":[");
            let end = offset + 4 * shape.iter().product::<usize>();
            file.list(&[offset, end]);
            file.put(b"]}");
            offset = end;
        }
        file.put(b"}");
        let header = file.length.saturating_sub(8) as u64;
        if let Some(start) = file.memory.first_chunk_mut() {
            *start = header.to_le_bytes();
        }
        for place in 0..offset / 4 {
            file.put(&(0.7 * crate::number(place)).to_le_bytes());
        }
        let File { memory, length } = file;
        memory.get(..length).unwrap_or_default()
    }

    fn put(&mut self, bytes: &[u8]) {
        for (place, byte) in self.memory.iter_mut().skip(self.length).zip(bytes) {
            *place = *byte;
        }
        self.length = self.length.saturating_add(bytes.len());
    }

    /// Numbers with commas between.
    fn list(&mut self, numbers: &[usize]) {
        for (index, &number) in numbers.iter().enumerate() {
            if index > 0 {
                self.put(b",");
            }
            // Divisions by a constant: others would bring a panic into images that must have none.
            let (mut digits, mut rest) = ([b'0'; 20], number);
            for digit in digits.iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
            let first = digits.iter().position(|digit| *digit != b'0').unwrap_or(19);
            self.put(digits.get(first..).unwrap_or_default());
        }
    }
}
