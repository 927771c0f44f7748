//! The ID of a package.

use cargo_metadata::PackageId;

/// Reports whether a package is the user's: in the workspace or given by path.
pub fn is_user(package: &PackageId) -> bool {
    package.repr.starts_with("path+")
}

/// The package's name, as far as its ID tells.
pub fn package_name(package: &PackageId) -> &str {
    let (path, fragment) = package.repr.rsplit_once('#').unwrap_or(("", &package.repr));
    match fragment.split_once('@') {
        Some((name, _)) => name,
        // `path+file:///w/shop#0.1.0`: the folder has the package's name.
        None => path.rsplit('/').next().unwrap_or(fragment),
    }
}
