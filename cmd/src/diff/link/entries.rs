//! A table of the image whose entries are requested one by one: each is kept once.

use std::collections::HashMap;
use std::hash::Hash;

/// Entries in the order in which they were requested, and the address of each.
pub struct Entries<K> {
    all: Vec<(K, u64)>,
    index: HashMap<K, usize>,
}

impl<K: Clone + Eq + Hash> Entries<K> {
    /// Returns a table without entries.
    pub fn new() -> Entries<K> {
        Entries { all: Vec::new(), index: HashMap::new() }
    }

    /// Adds an entry, unless the table has it.
    pub fn request(&mut self, key: K) {
        let index = self.all.len();
        self.index.entry(key.clone()).or_insert_with(|| {
            self.all.push((key, 0));
            index
        });
    }

    /// Gives each entry its address, from `at` on; returns where the table ends.
    pub fn assign(&mut self, at: u64, size: u64) -> u64 {
        let mut end = at;
        for (_, address) in &mut self.all {
            *address = end;
            end += size;
        }
        end
    }

    /// Returns the address of an entry that was requested.
    pub fn address(&self, key: &K) -> u64 {
        let index = self.index.get(key).expect("requested for each reference");
        self.all[*index].1
    }

    /// Returns each entry with its address.
    pub fn iter(&self) -> impl Iterator<Item = (&K, u64)> {
        self.all.iter().map(|(key, address)| (key, *address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_kept_once_and_in_the_order_of_requests() {
        let mut entries = Entries::new();
        for key in ["b", "a", "b", "c"] {
            entries.request(key);
        }
        assert_eq!(entries.assign(16, 8), 40);
        assert_eq!(entries.iter().collect::<Vec<_>>(), [(&"b", 16), (&"a", 24), (&"c", 32)]);
        assert_eq!(entries.address(&"a"), 24);
    }
}
