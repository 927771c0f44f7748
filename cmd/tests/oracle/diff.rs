//! The difference of two sources, for a person.

/// The lines that went and came, with the line before each run of them.
pub fn lines(was: &str, now: &str) -> String {
    let (was, now): (Vec<&str>, Vec<&str>) = (was.lines().collect(), now.lines().collect());
    // The longest common subsequence of what follows each pair of places.
    let mut common = vec![vec![0_u32; now.len() + 1]; was.len() + 1];
    for i in (0..was.len()).rev() {
        for j in (0..now.len()).rev() {
            common[i][j] = if was[i] == now[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, String::new());
    let mut last = None;
    while i < was.len() || j < now.len() {
        if i < was.len() && j < now.len() && was[i] == now[j] {
            last = Some(was[i]);
            (i, j) = (i + 1, j + 1);
            continue;
        }
        if let Some(line) = last.take() {
            out += &format!("  {line}\n");
        }
        if j == now.len() || (i < was.len() && common[i + 1][j] >= common[i][j + 1]) {
            out += &format!("- {}\n", was[i]);
            i += 1;
        } else {
            out += &format!("+ {}\n", now[j]);
            j += 1;
        }
    }
    out
}
