use hot::hot;

#[hot]
#[track_caller]
fn tracked() {}

#[hot]
#[target_feature(enable = "avx2")]
fn wide() {}

#[hot]
#[unsafe(naked)]
extern "C" fn bare() {
    core::arch::naked_asm!("ret")
}

#[hot]
#[cfg_attr(all(), track_caller)]
fn tracked_sometimes() {}

struct Cart;

#[hot]
impl Cart {
    #[track_caller]
    fn tracked(&self) {}
}

fn main() {}
