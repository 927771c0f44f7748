//! The description of a patch: by the operator, before, and of one that is loaded.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A patch to load: its file, and what it replaces.
///
/// ```
/// let config = hot::patch::Config {
///     hp_file: "patches/price.so".into(),
///     replace_config: [("new_price".to_owned(), "shop/price".to_owned())].into(),
/// };
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The file; a relative path begins at the process's current directory.
    pub hp_file: PathBuf,
    /// For each function of the patch that replaces one of the program's, the name of that one.
    /// What `hot::replace!` names in the patch need not be named here.
    #[serde(default)]
    pub replace_config: BTreeMap<String, String>,
}

/// A patch that is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Info {
    /// Its ID: the SHA-256 of the file's bytes, in hexadecimal.
    pub hp_id: String,
    /// How it was loaded.
    pub config: Config,
    /// The names of the functions that it replaces, sorted.
    pub functions: Vec<String>,
}
