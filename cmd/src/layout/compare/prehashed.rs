//! Maps whose keys are hashes already.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds the hasher of keys that are hashes.
pub(super) type Prehashed = BuildHasherDefault<Mixed>;

/// Mixes the words of a key, which need no more than that.
#[derive(Default)]
pub(super) struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = self.0.rotate_left(5) ^ word;
    }
}
