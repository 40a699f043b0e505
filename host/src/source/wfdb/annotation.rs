//! Annotation files (`.atr` and their like): type, symbols, decoder.
//!
//! annot(5) of the WFDB Applications Guide: little-endian words of a 6-bit code and a 10-bit value. The decoder takes
//! any bytes, holds one annotation at a time, and ends at the mark (a zero word), at the end of the file, or with
//! an error that names the byte.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::{SourceError, io_error, malformed, open_regular, read_full};

pub(super) const SKIP: u16 = 59;
pub(super) const NUM: u16 = 60;
pub(super) const SUB: u16 = 61;
pub(super) const CHN: u16 = 62;
pub(super) const AUX: u16 = 63;
/// Largest step that fits beside a code; longer ones take a SKIP.
pub(super) const MAX_STEP: i64 = 1023;
/// The code of a comment.
const NOTE: u8 = 22;
/// Largest code of an annotation in use.
pub const MAX_CODE: u8 = 49;

/// One annotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotation {
    /// Sample (frame) it stands at, from 0; negative only in broken files.
    pub sample: i64,
    /// Kind, 1 to [`MAX_CODE`]; see [`symbol`].
    pub code: u8,
    /// Subtype; 0 unless the annotation has one.
    pub subtype: i8,
    /// Channel; carried over from the annotation before, 0 at first.
    pub chan: u8,
    /// Annotator-defined number; carried over from the annotation before, 0 at first.
    pub num: i8,
    /// Note, at most 255 bytes; in some files with a trailing 0 byte.
    pub aux: Vec<u8>,
}

impl Annotation {
    /// The note as text without trailing zeros.
    #[must_use]
    pub fn note(&self) -> String {
        String::from_utf8_lossy(&self.aux).trim_end_matches('\0').to_owned()
    }
}

/// Code, symbol and meaning of every kind of annotation, in order of the code.
pub const KINDS: [(u8, &str, &str); 40] = [
    (1, "N", "normal beat"),
    (2, "L", "left bundle branch block beat"),
    (3, "R", "right bundle branch block beat"),
    (4, "a", "aberrated atrial premature beat"),
    (5, "V", "premature ventricular contraction"),
    (6, "F", "fusion of ventricular and normal beat"),
    (7, "J", "nodal (junctional) premature beat"),
    (8, "A", "atrial premature contraction"),
    (9, "S", "premature or ectopic supraventricular beat"),
    (10, "E", "ventricular escape beat"),
    (11, "j", "nodal (junctional) escape beat"),
    (12, "/", "paced beat"),
    (13, "Q", "unclassifiable beat"),
    (14, "~", "signal quality change"),
    (16, "|", "isolated QRS-like artifact"),
    (18, "s", "ST change"),
    (19, "T", "T-wave change"),
    (20, "*", "systole"),
    (21, "D", "diastole"),
    (22, "\"", "comment"),
    (23, "=", "measurement"),
    (24, "p", "P-wave peak"),
    (25, "B", "left or right bundle branch block"),
    (26, "^", "non-conducted pacer spike"),
    (27, "t", "T-wave peak"),
    (28, "+", "rhythm change"),
    (29, "u", "U-wave peak"),
    (30, "?", "learning"),
    (31, "!", "ventricular flutter wave"),
    (32, "[", "start of ventricular flutter or fibrillation"),
    (33, "]", "end of ventricular flutter or fibrillation"),
    (34, "e", "atrial escape beat"),
    (35, "n", "supraventricular escape beat"),
    (36, "@", "link to external data"),
    (37, "x", "non-conducted P-wave"),
    (38, "f", "fusion of paced and normal beat"),
    (39, "(", "waveform onset"),
    (40, ")", "waveform end"),
    (41, "r", "R-on-T premature ventricular contraction"),
    (0, " ", "not an annotation"),
];

/// The symbol of a code: `N`, `V`, `~`, …; `None` for codes without a meaning of their own.
#[must_use]
pub fn symbol(code: u8) -> Option<&'static str> {
    KINDS.iter().find(|(c, ..)| *c == code).map(|(_, symbol, _)| *symbol)
}

/// The code of a symbol.
#[must_use]
pub fn code(symbol: &str) -> Option<u8> {
    KINDS.iter().find(|(_, s, _)| *s == symbol).map(|(code, ..)| *code)
}

/// Whether a code marks a beat (`isqrs` of the WFDB library).
#[must_use]
pub fn is_beat(code: u8) -> bool {
    matches!(code, 1..=13 | 25 | 30 | 31 | 34 | 35 | 38 | 41)
}

/// Opens an annotation file for reading.
///
/// # Errors
/// [`SourceError::Io`] if it cannot be opened, `Unsupported` for a directory.
pub fn read_annotations(path: &Path) -> Result<AnnotationReader<BufReader<File>>, SourceError> {
    let (file, _) = open_regular(path)?;
    Ok(AnnotationReader::new(path, BufReader::new(file)))
}

/// Annotations in the order of the file. After an error it gives nothing more.
///
/// An annotation is given when the word after it has been read, because that word may still belong to it. A file
/// that ends without the mark is one whose writer was stopped: what is whole is given, and
/// [`ended_without_mark`](Self::ended_without_mark) says so. (wfdb-python loses the last annotation of such a file.)
///
/// Some programs begin a file with definitions, comments at sample 0 whose notes begin with `## `. They are not given:
/// [`time_resolution`](Self::time_resolution) tells the one that matters. (wfdb-python passes over every comment at
/// sample 0.)
#[derive(Debug)]
pub struct AnnotationReader<R> {
    path: PathBuf,
    reader: R,
    byte: u64,
    sample: i64,
    chan: u8,
    num: i8,
    pending: Option<Annotation>,
    failed: Option<SourceError>,
    ended: bool,
    without_mark: bool,
    /// Within the list of an annotator's own types.
    defining: bool,
    time_resolution: Option<f64>,
}

impl<R: Read> AnnotationReader<R> {
    /// Reads annotations from `reader`; `path` is only named in messages.
    pub fn new(path: &Path, reader: R) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            byte: 0,
            sample: 0,
            chan: 0,
            num: 0,
            pending: None,
            failed: None,
            ended: false,
            without_mark: false,
            defining: false,
            time_resolution: None,
        }
    }

    /// Ticks per second of [`Annotation::sample`], if the file tells it; otherwise it is the record's frame rate.
    /// Known once the first annotation has been given.
    pub fn time_resolution(&self) -> Option<f64> {
        self.time_resolution
    }

    /// Whether the file ended without its mark. Of meaning once the iterator has ended.
    pub fn ended_without_mark(&self) -> bool {
        self.without_mark
    }

    /// The next annotation, definitions included; the one before an error comes before the error.
    fn next_raw(&mut self) -> Option<Result<Annotation, SourceError>> {
        if self.ended {
            return self.failed.take().map(Err);
        }
        match self.step() {
            Ok(Some(annotation)) => Some(Ok(annotation)),
            Ok(None) => {
                self.ended = true;
                self.pending.take().map(Ok)
            }
            Err(error) => {
                self.ended = true;
                match self.pending.take() {
                    Some(last) => {
                        self.failed = Some(error);
                        Some(Ok(last))
                    }
                    None => Some(Err(error)),
                }
            }
        }
    }

    /// Reads on until one annotation is whole, or the end.
    fn step(&mut self) -> Result<Option<Annotation>, SourceError> {
        loop {
            let Some(word) = self.word()? else {
                self.without_mark = true;
                return Ok(None);
            };
            let (code, value) = (word >> 10, word & 0x3ff);
            match code {
                0 if value == 0 => return Ok(None),
                // Not an annotation, but its time counts; wfdb-python ends its definitions so.
                0 => self.sample = self.sample.saturating_add(value.into()),
                SKIP => {
                    let (high, low) = (self.rest_word("SKIP")?, self.rest_word("SKIP")?);
                    let step = (u32::from(high) << 16 | u32::from(low)).cast_signed();
                    self.sample = self.sample.saturating_add(step.into());
                }
                NUM | SUB | CHN | AUX => self.modify(code, value)?,
                _ => {
                    self.sample = self.sample.saturating_add(value.into());
                    let next = Annotation {
                        sample: self.sample,
                        // Six bits.
                        code: code as u8,
                        chan: self.chan,
                        num: self.num,
                        ..Annotation::default()
                    };
                    if let Some(whole) = self.pending.replace(next) {
                        return Ok(Some(whole));
                    }
                }
            }
        }
    }

    /// A word that belongs to the annotation before it.
    fn modify(&mut self, code: u16, value: u16) -> Result<(), SourceError> {
        let [low, _] = value.to_le_bytes();
        let aux = if code == AUX { self.aux(low)? } else { Vec::new() };
        let Some(pending) = &mut self.pending else {
            return Err(self.fault(format!("a field (code {code}) before the first annotation")));
        };
        match code {
            NUM => (pending.num, self.num) = (low.cast_signed(), low.cast_signed()),
            SUB => pending.subtype = low.cast_signed(),
            CHN => (pending.chan, self.chan) = (low, low),
            _ => pending.aux = aux,
        }
        Ok(())
    }

    fn aux(&mut self, length: u8) -> Result<Vec<u8>, SourceError> {
        let mut bytes = vec![0; usize::from(length) + usize::from(length % 2)];
        let read = self.read(&mut bytes)?;
        // The padding byte may be lost with the end of a torn file, the note is whole all the same.
        if read < usize::from(length) {
            return Err(self.fault(format!("the file ends within a note of {length} bytes")));
        }
        bytes.truncate(length.into());
        Ok(bytes)
    }

    fn rest_word(&mut self, of: &str) -> Result<u16, SourceError> {
        match self.word()? {
            Some(word) => Ok(word),
            None => Err(self.fault(format!("the file ends within a {of}"))),
        }
    }

    fn word(&mut self) -> Result<Option<u16>, SourceError> {
        let mut bytes = [0; 2];
        match self.read(&mut bytes)? {
            0 => Ok(None),
            1 => Err(self.fault("the file ends within a word".into())),
            _ => Ok(Some(u16::from_le_bytes(bytes))),
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, SourceError> {
        let read = read_full(&mut self.reader, bytes).map_err(|e| io_error(&self.path, e))?;
        self.byte += read as u64;
        Ok(read)
    }

    /// Whether `annotation` only defines something for the file; takes note of it if so.
    fn define(&mut self, annotation: &Annotation) -> bool {
        if (annotation.sample, annotation.code) != (0, NOTE) {
            return false;
        }
        let note = annotation.note();
        let definition = note.starts_with("## ");
        match note.strip_prefix("## time resolution: ").map(|rate| rate.trim().parse::<f64>()) {
            Some(Ok(rate)) if rate.is_finite() && rate > 0.0 => self.time_resolution = Some(rate),
            _ if definition => self.defining = note == "## annotation type definitions",
            _ => return self.defining,
        }
        true
    }

    fn fault(&self, problem: String) -> SourceError {
        malformed(
            &self.path,
            format!(": byte {}", self.byte),
            problem,
            "check that this is an annotation file, or fetch it again; what stands before was read",
        )
    }
}

impl<R: Read> Iterator for AnnotationReader<R> {
    type Item = Result<Annotation, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_raw()? {
                Ok(annotation) if self.define(&annotation) => {}
                item => return Some(item),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> (Vec<Annotation>, Option<String>) {
        let mut reader = AnnotationReader::new(Path::new("r.atr"), bytes);
        let mut list = Vec::new();
        let mut error = None;
        for item in reader.by_ref() {
            match item {
                Ok(annotation) => list.push(annotation),
                Err(e) => error = Some(e.to_string()),
            }
        }
        assert!(reader.next().is_none());
        (list, error)
    }

    #[test]
    fn the_first_words_of_record_100() {
        // `+` at 18 with the note "(N\0", then N at 77 and 370.
        let bytes = [18, 112, 3, 252, 40, 78, 0, 0, 59, 4, 0x25, 5, 0, 0];
        let (list, error) = read(&bytes);
        assert_eq!(error, None);
        assert_eq!(
            list.iter().map(|a| (a.sample, a.code)).collect::<Vec<_>>(),
            [(18, 28), (77, 1), (370, 1)]
        );
        assert_eq!((list[0].note().as_str(), list[0].aux.len()), ("(N", 3));
    }

    #[test]
    fn skip_reads_high_word_first_and_signed() {
        let (list, _) = read(&[0, 59 << 2, 1, 0, 2, 0, 5, 1 << 2, 0, 0]);
        assert_eq!(list[0].sample, 0x1_0002 + 5);
        let back = [100, 1 << 2, 0, 59 << 2, 0xff, 0xff, 0xfe, 0xff, 1, 1 << 2, 0, 0];
        assert_eq!(read(&back).0[1].sample, 99);
    }

    #[test]
    fn num_and_chan_stay_subtype_and_aux_do_not() {
        let bytes = [
            1, 4, 0xff, 240, 0xfe, 244, 200, 248, 1, 252, b'x', 0, // NUM −1, SUB −2, CHN 200, AUX
            1, 4, 0, 0,
        ];
        let (list, _) = read(&bytes);
        assert_eq!(
            (list[0].num, list[0].subtype, list[0].chan, list[0].aux.as_slice()),
            (-1, -2, 200, &b"x"[..])
        );
        assert_eq!((list[1].num, list[1].subtype, list[1].chan, list[1].aux.len()), (-1, 0, 200, 0));
    }

    #[test]
    fn the_end_mark_ends_and_its_lack_is_told() {
        assert_eq!(read(&[1, 4, 0, 0, 1, 4]).0.len(), 1);
        let mut reader = AnnotationReader::new(Path::new("r.atr"), &[1, 4][..]);
        assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 1);
        assert!(reader.ended_without_mark());
        assert_eq!(read(&[]), (vec![], None));
    }

    #[test]
    fn torn_files_give_what_is_whole_and_the_byte() {
        for (bytes, whole, place) in [
            (&[1u8, 4, 7][..], 1, "byte 3"),
            (&[1, 4, 0, 236, 1][..], 1, "byte 5"),
            (&[1, 4, 9, 252, b'a'][..], 1, "byte 5"),
            (&[1, 240][..], 0, "byte 2"),
        ] {
            let (list, error) = read(bytes);
            assert_eq!(list.len(), whole);
            assert!(error.unwrap().contains(place));
        }
    }

    #[test]
    fn definitions_of_wfdb_python() {
        let mut bytes = vec![0, 88, 23, 252];
        bytes.extend(b"## time resolution: 360\0");
        bytes.extend([0, 236, 255, 255, 255, 255, 1, 0, 5, 4, 0, 0]);
        let mut reader = AnnotationReader::new(Path::new("r.atr"), &bytes[..]);
        let list: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
        assert_eq!((reader.time_resolution(), list.len(), list[0].sample), (Some(360.0), 1, 5));
    }

    #[test]
    fn an_annotators_own_types_are_passed_over_and_comments_are_not() {
        let note = |text: &str| {
            let mut bytes = vec![0, 88, text.len() as u8, 252];
            bytes.extend(text.bytes());
            bytes.extend((text.len() % 2 == 1).then_some(0));
            bytes
        };
        let texts = ["## annotation type definitions", "42 z mine", "## end of definitions", "a comment"];
        let mut bytes: Vec<u8> = texts.into_iter().flat_map(note).collect();
        bytes.extend([0, 0]);
        let (list, _) = read(&bytes);
        assert_eq!(list.iter().map(Annotation::note).collect::<Vec<_>>(), ["a comment"]);
    }

    #[test]
    fn symbols_and_codes_match() {
        for (own, text, _) in KINDS {
            assert_eq!((symbol(own), code(text)), (Some(text), Some(own)));
        }
        assert_eq!((symbol(15), code("no")), (None, None));
        assert_eq!((0..=MAX_CODE).filter(|&c| is_beat(c)).count(), 20);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let (list, _) = read(&bytes);
            prop_assert!(list.len() <= bytes.len() / 2);
        }
    }
}
