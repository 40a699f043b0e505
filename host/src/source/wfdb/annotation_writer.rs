//! Writes annotation files that are whole at every moment.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::WfdbWriteError;
use super::annotation::{AUX, Annotation, CHN, MAX_CODE, MAX_STEP, NUM, SKIP, SUB};

/// The zero word at the end of every annotation file.
const END: [u8; 2] = [0, 0];

/// Writes annotations in time order.
///
/// Each [`push`](Self::push) replaces the end mark and appends a new one in the same write, so that a process killed
/// between two calls leaves a file that every reader takes; wfdb-python loses the last annotation without the mark.
#[derive(Debug)]
pub struct AnnotationWriter {
    path: PathBuf,
    file: File,
    sample: i64,
    chan: u8,
    num: i8,
    /// Reused from call to call.
    bytes: Vec<u8>,
}

impl AnnotationWriter {
    /// Creates `path`, or empties it, and writes the end mark.
    ///
    /// # Errors
    /// [`WfdbWriteError::Io`].
    pub fn create(path: &Path) -> Result<Self, WfdbWriteError> {
        let io = |e| WfdbWriteError::io(path, e);
        let mut file = File::create(path).map_err(io)?;
        file.write_all(&END).map_err(io)?;
        Ok(Self { path: path.to_owned(), file, sample: 0, chan: 0, num: 0, bytes: Vec::new() })
    }

    /// Appends one annotation.
    ///
    /// # Errors
    /// `Refused` if it stands before the last one or before sample 0, its code is not 1 to [`MAX_CODE`], or its note is
    /// longer than 255 bytes; nothing is written then. `Io` if the file cannot be written.
    pub fn push(&mut self, annotation: &Annotation) -> Result<(), WfdbWriteError> {
        self.push_all(std::slice::from_ref(annotation))
    }

    /// Appends annotations in one write: all of them or, if one is refused, none.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_all(&mut self, annotations: &[Annotation]) -> Result<(), WfdbWriteError> {
        let before = (self.sample, self.chan, self.num);
        self.bytes.clear();
        let written = annotations.iter().try_for_each(|a| self.encode(a)).and_then(|()| self.write());
        if written.is_err() {
            (self.sample, self.chan, self.num) = before;
        }
        written
    }

    /// Makes what has been written outlast a power cut.
    ///
    /// # Errors
    /// [`WfdbWriteError::Io`].
    pub fn sync(&self) -> Result<(), WfdbWriteError> {
        self.file.sync_all().map_err(|e| WfdbWriteError::io(&self.path, e))
    }

    fn write(&mut self) -> Result<(), WfdbWriteError> {
        self.bytes.extend(END);
        let mark = self.file.seek(SeekFrom::End(-(END.len() as i64)));
        mark.and_then(|_| self.file.write_all(&self.bytes)).map_err(|e| WfdbWriteError::io(&self.path, e))
    }

    fn encode(&mut self, annotation: &Annotation) -> Result<(), WfdbWriteError> {
        self.check(annotation)?;
        let mut step = annotation.sample - self.sample;
        while step > MAX_STEP {
            let skip = step.min(i32::MAX.into());
            let [a, b, c, d, ..] = skip.to_le_bytes();
            self.word(SKIP, 0);
            self.bytes.extend([c, d, a, b]);
            step -= skip;
        }
        // 0 to 1023 by the loop.
        self.word(annotation.code.into(), step as u16);
        if annotation.num != self.num {
            self.word(NUM, annotation.num.cast_unsigned().into());
        }
        if annotation.subtype != 0 {
            self.word(SUB, annotation.subtype.cast_unsigned().into());
        }
        if annotation.chan != self.chan {
            self.word(CHN, annotation.chan.into());
        }
        if !annotation.aux.is_empty() {
            // At most 255 by the check.
            self.word(AUX, annotation.aux.len() as u16);
            self.bytes.extend(&annotation.aux);
            self.bytes.extend((annotation.aux.len() % 2 == 1).then_some(0));
        }
        (self.sample, self.chan, self.num) = (annotation.sample, annotation.chan, annotation.num);
        Ok(())
    }

    fn word(&mut self, code: u16, value: u16) {
        self.bytes.extend((code << 10 | value).to_le_bytes());
    }

    fn check(&self, annotation: &Annotation) -> Result<(), WfdbWriteError> {
        let Annotation { sample, code, aux, .. } = annotation;
        let (problem, fix) = if *sample < self.sample {
            (
                format!("annotation at {sample} after one at {}", self.sample),
                "write them in time order, from 0 on",
            )
        } else if !(1..=MAX_CODE).contains(code) {
            (format!("annotation code {code}"), "codes are 1 to 49")
        } else if aux.len() > 255 {
            (format!("a note of {} bytes", aux.len()), "a note has at most 255 bytes")
        } else {
            return Ok(());
        };
        Err(WfdbWriteError::refused(&self.path, problem, fix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::wfdb::read_annotations;
    use proptest::prelude::*;

    fn annotation() -> impl Strategy<Value = Annotation> {
        let step = prop_oneof![0i64..2000, 0i64..10_000_000_000];
        let aux = prop::collection::vec(any::<u8>(), 0..=255);
        (step, 1..=MAX_CODE, any::<i8>(), any::<u8>(), any::<i8>(), prop_oneof![Just(vec![]), aux]).prop_map(
            |(sample, code, subtype, chan, num, aux)| Annotation { sample, code, subtype, chan, num, aux },
        )
    }

    fn read(path: &Path) -> Vec<Annotation> {
        read_annotations(path).unwrap().map(Result::unwrap).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// What is pushed is read back, after every push.
        #[test]
        fn round_trip(mut list in prop::collection::vec(annotation(), 0..20)) {
            let mut sample = 0;
            for a in &mut list {
                sample += a.sample;
                a.sample = sample;
            }
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("r.ann");
            let mut writer = AnnotationWriter::create(&path).unwrap();
            for (n, a) in list.iter().enumerate() {
                writer.push(a).unwrap();
                prop_assert_eq!(&read(&path), &list[..=n]);
            }
            prop_assert!(std::fs::read(&path).unwrap().ends_with(&END));
            // All at once gives the same bytes.
            let whole = dir.path().join("w.ann");
            AnnotationWriter::create(&whole).unwrap().push_all(&list).unwrap();
            prop_assert_eq!(std::fs::read(&whole).unwrap(), std::fs::read(&path).unwrap());
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_leaves_the_file_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.ann");
        let mut writer = AnnotationWriter::create(&path).unwrap();
        let good = Annotation { sample: 100, code: 1, ..Annotation::default() };
        writer.push(&good).unwrap();
        for bad in [
            Annotation { sample: 99, ..good.clone() },
            Annotation { code: 0, ..good.clone() },
            Annotation { code: 50, ..good.clone() },
            Annotation { aux: vec![b'x'; 256], ..good.clone() },
        ] {
            let later = Annotation { sample: 500, ..good.clone() };
            assert!(writer.push_all(&[later, bad]).is_err());
        }
        writer.push(&good).unwrap();
        assert_eq!(read(&path), [good.clone(), good]);
    }
}
