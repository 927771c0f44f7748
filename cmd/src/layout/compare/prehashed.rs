//! Maps whose keys are hashes already.

use std::hash::{BuildHasherDefault, Hasher};

/// The hasher of maps whose keys are hashes already.
pub(super) type Prehashed = BuildHasherDefault<Mixer>;

/// A hasher that only mixes the words of a key.
#[derive(Default)]
pub(super) struct Mixer(u64);

impl Hasher for Mixer {
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
