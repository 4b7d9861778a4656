//! How much machine code a built program has of a model's kernels, by its table of symbols.
//!
//! Every kernel stands in a function of the runtime that enters an instruction set (`Isa::enter`, `Isa::outline`), whose
//! name says which. Only 64-bit ELF files are read, as Linux and the BSDs have them.

/// Bytes of kernels by the instruction set that they are compiled for, the fastest first; `None` where the file can't be
/// read or has no symbols.
pub(super) fn of_kernels(program: &[u8]) -> Option<Vec<(&'static str, u64)>> {
    let sections = Sections::of(program)?;
    let table = sections.iter().find(|section| section.kind == SYMBOLS)?;
    let names = sections.get(table.link)?.content;
    let mut sets = Vec::new();
    for symbol in table.content.as_chunks::<SYMBOL>().0 {
        let name = name_at(names, number::<4>(symbol, 0)?)?;
        let Some(set) = set_of(name) else { continue };
        let size = number::<8>(symbol, 16)?;
        match sets.iter_mut().find(|(known, _)| *known == set) {
            Some((_, bytes)) => *bytes += size,
            None => sets.push((set, size)),
        }
    }
    sets.sort_by_key(|(set, _)| ORDER.iter().position(|known| known == set));
    (!sets.is_empty()).then_some(sets)
}

/// The sets as they are told.
const ORDER: [&str; 3] = ["avx512", "avx2", BASELINE];

/// What functions are compiled for that name no other set: what this processor's whole family has.
const BASELINE: &str = if cfg!(target_arch = "x86_64") {
    "sse2"
} else if cfg!(target_arch = "aarch64") {
    "neon"
} else {
    "scalar"
};

/// The instruction set of one of the runtime's functions, by its mangled name.
fn set_of(name: &str) -> Option<&'static str> {
    if !name.contains("rnn_runtime") || !["enter", "outline"].iter().any(|part| name.contains(part)) {
        return None;
    }
    Some(match name {
        name if name.contains("Avx512") => "avx512",
        name if name.contains("Avx2") => "avx2",
        _ => BASELINE,
    })
}

/// A section's kind that says: a table of symbols.
const SYMBOLS: u64 = 2;
/// Bytes of a section's header, and of a symbol.
const HEADER: usize = 64;
const SYMBOL: usize = 24;

struct Section<'a> {
    kind: u64,
    /// The section that this one's names are in.
    link: u64,
    content: &'a [u8],
}

/// The sections of an ELF file.
struct Sections<'a> {
    file: &'a [u8],
    headers: &'a [[u8; HEADER]],
}

impl<'a> Sections<'a> {
    fn of(file: &'a [u8]) -> Option<Self> {
        // 64 bits, the lowest byte first.
        file.strip_prefix(b"\x7fELF\x02\x01")?;
        let (start, count) = (number::<8>(file, 40)?, number::<2>(file, 60)?);
        let headers = file.get(usize::try_from(start).ok()?..)?.as_chunks::<HEADER>().0;
        Some(Self { file, headers: headers.get(..usize::try_from(count).ok()?)? })
    }

    fn iter(&self) -> impl Iterator<Item = Section<'a>> {
        self.headers.iter().filter_map(|header| self.section(header))
    }

    fn get(&self, index: u64) -> Option<Section<'a>> {
        self.section(self.headers.get(usize::try_from(index).ok()?)?)
    }

    fn section(&self, header: &[u8]) -> Option<Section<'a>> {
        let [start, length] = [number::<8>(header, 24)?, number::<8>(header, 32)?];
        let range = usize::try_from(start).ok()?..usize::try_from(start.checked_add(length)?).ok()?;
        let content = self.file.get(range).unwrap_or_default();
        Some(Section { kind: number::<4>(header, 4)?, link: number::<4>(header, 40)?, content })
    }
}

/// The number of `N` bytes at this place.
fn number<const N: usize>(bytes: &[u8], place: usize) -> Option<u64> {
    let bytes = bytes.get(place..)?.first_chunk::<N>()?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The text from this place up to the next zero.
fn name_at(names: &[u8], place: u64) -> Option<&str> {
    let rest = names.get(usize::try_from(place).ok()?..)?;
    std::str::from_utf8(rest.split(|byte| *byte == 0).next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_set() {
        let implementation = "_ZN11rnn_runtime4simd6x86_64..Isa$u20$for$u20$rnn_runtime..simd..x86_64..Avx2$GT$";
        assert_eq!(set_of(&format!("{implementation}5enter7entered17h0E")), Some("avx2"));
        assert_eq!(set_of("_ZN11rnn_runtime4simd3Isa7outline17hf335E"), Some(BASELINE));
        assert_eq!(set_of("_ZN11rnn_runtime4simd8dispatch5level6choose17h0E"), None);
        assert_eq!(set_of("_ZN3std2rt10lang_start17h0E"), None);
    }

    #[test]
    fn other_files_have_no_answer() {
        assert_eq!(of_kernels(b""), None);
        assert_eq!(of_kernels(b"\x7fELF\x02\x01"), None);
        assert_eq!(of_kernels(&[0xff; 200]), None);
        // Sections that lie outside the file.
        let mut file = b"\x7fELF\x02\x01".to_vec();
        file.resize(64, 0xff);
        assert_eq!(of_kernels(&file), None);
    }
}
