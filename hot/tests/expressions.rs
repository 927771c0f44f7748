//! Expressions in the types of a signature: the lengths of arrays, the values of const parameters.

use hot::hot;

const A: usize = 7;
const fn twice(n: usize) -> usize {
    n * 2
}

struct Shop;
struct Ring<const N: usize>;

trait Table {
    const N: usize;
    fn table(&self) -> [u8; 3];
    fn take(table: [u8; 3], ring: Ring<3>) -> usize;
    fn of(&self, names: &str) -> ([u8; 2], usize);
    fn both<'a>(&'a self, text: &'a str) -> (&'a str, [&'a str; 3]);
}

#[hot]
impl Shop {
    const M: usize = 3;

    fn rows(&self, _: [u8; Self::M - 1]) -> [u8; Self::M] {
        [1; Self::M]
    }
    fn masked(&self, text: &str) -> ([u8; A & 3], usize) {
        ([2; A & 3], text.len())
    }
}

#[hot]
impl Table for Shop {
    const N: usize = 3;

    fn table(&self) -> [u8; Self::N] {
        [3; Self::N]
    }
    fn take(table: [u8; Self::N], _: Ring<{ Self::N }>) -> usize {
        table.len()
    }
    fn of(&self, names: &str) -> ([u8; Self::N & twice(1)], usize) {
        ([4; 2], names.len())
    }
    fn both<'a>(&'a self, text: &'a str) -> (&'a str, [&'a str; Self::N]) {
        (text, [text; 3])
    }
}

// The constant is that of the type, as it is for `Self` in an impl.
mod own {
    use hot::hot;

    pub struct Own;
    pub trait Table {
        const N: usize = 9;
        fn table(&self) -> [u8; 2];
    }

    impl Own {
        const N: usize = 2;
    }

    #[hot]
    impl Table for Own {
        fn table(&self) -> [u8; Self::N] {
            [5; Self::N]
        }
    }
}

#[hot]
#[allow(unused_braces)]
fn operators(a: &[u8; A & 3], b: [u8; (A > 3) as usize]) -> [u8; { (A & 1) << 1 | (A >> 2 & 1) }] {
    [a[0], b[0], 0]
}

#[hot]
fn blocks(
    _: Ring<{ A & 3 }>,
    text: &str,
) -> (
    [&str; A & 1],
    Ring<
        {
            'a: {
                if A > 3 {
                    break 'a 1;
                }
                2
            }
        },
    >,
) {
    ([text], Ring)
}

#[hot]
async fn later(text: &str, _: [u8; A & 1]) -> [&str; A & 1] {
    [text]
}

#[test]
fn as_written() {
    use own::Table as _;
    assert_eq!((Shop.rows([0; 2]), Shop.masked("four")), ([1; 3], ([2; 3], 4)));
    assert_eq!((Table::table(&Shop), Shop::take([0; 3], Ring)), ([3; 3], 3));
    assert_eq!((Shop.of("four"), Shop.both("x")), (([4; 2], 4), ("x", ["x"; 3])));
    assert_eq!((own::Own.table(), operators(&[1, 2, 3], [4])), ([5; 2], [1, 4, 0]));
    assert_eq!(blocks(Ring, "text").0, ["text"]);
    drop(later("", [1]));
    assert_eq!(<own::Own as own::Table>::N, 9);
}

#[cfg(feature = "mock")]
#[test]
fn mocked() {
    let scope = hot::scope();
    hot::mock!(in scope, Shop::rows, |_: &Shop, rows: [u8; 2]| -> [u8; 3] { [rows[0]; 3] })
        .unwrap();
    assert_eq!(Shop.rows([9; 2]), [9; 3]);
    hot::mock!(in scope, <Shop as Table>::table, |_: &Shop| -> [u8; A & 3] { [8; A & 3] }).unwrap();
    assert_eq!(Table::table(&Shop), [8; 3]);
    hot::mock!(in scope, <Shop as Table>::take, |_: [u8; 3], _: Ring<{ A & 3 }>| -> usize { 7 })
        .unwrap();
    assert_eq!(Shop::take([0; 3], Ring), 7);
    type Both = for<'a> fn(&'a Shop, &'a str) -> (&'a str, [&'a str; 3]);
    let both = hot::call_original_by_name!("expressions/*Shop.Table.both", Both, &Shop, "x");
    assert_eq!(both.unwrap(), ("x", ["x"; 3]));
    type Blocks = for<'a> fn(Ring<3>, &'a str) -> ([&'a str; 1], Ring<1>);
    let blocks = hot::call_original_by_name!("expressions/blocks", Blocks, Ring, "x");
    assert_eq!(blocks.unwrap().0, ["x"]);
}
