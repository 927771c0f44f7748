//! A small shop: what it sells for, and how an order is paid and sent.
//!
//! Its functions are plain functions. That they carry `#[hot]` is all that the tests in `tests/`
//! need; no trait was written and nothing is handed in for their sake.

use hot::hot;
use std::fmt;

/// A purchase that is not placed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Who.
    pub customer: String,
    /// How many.
    pub quantity: u64,
}

/// Why an order was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The bank did not pay.
    Unpaid,
    /// There are not so many.
    OutOfStock,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Unpaid => "the bank refused",
            Refused::OutOfStock => "there are not so many left",
        })
    }
}

impl std::error::Error for Refused {}

/// The stock.
pub struct Stock {
    left: u64,
}

#[hot]
impl Stock {
    /// So many.
    pub fn new(left: u64) -> Self {
        Stock { left }
    }

    /// How many are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes some out.
    ///
    /// # Errors
    /// [`Refused::OutOfStock`].
    pub fn take(&mut self, quantity: u64) -> Result<(), Refused> {
        self.left = self.left.checked_sub(quantity).ok_or(Refused::OutOfStock)?;
        Ok(())
    }
}

/// Returns the price of an order, in cents.
#[hot]
pub fn price(order: &Order) -> u64 {
    let discount = if order.quantity >= 10 { 90 } else { 100 };
    order.quantity * discount * rate() / 100
}

/// Cents for one, from the list on disk.
#[hot]
pub fn rate() -> u64 {
    read("prices.txt").parse().unwrap_or(250)
}

/// A thin wrapper: functions of std carry no `#[hot]`, this one does.
#[hot]
pub fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// The world outside.
#[hot]
pub mod net {
    /// Asks the bank. In this example there is none.
    pub async fn charge(customer: &str, cents: u64) -> bool {
        let _ = (customer, cents);
        false
    }

    /// Notifies the warehouse. In this example there is none.
    pub fn ship(order: &crate::Order) -> Result<u64, String> {
        Err(format!("no warehouse for {}", order.customer))
    }
}

/// Takes an order: reserves, charges, sends. Answers the parcel's number.
///
/// # Errors
/// [`Refused`], with the stock as it was.
pub async fn buy(stock: &mut Stock, order: &Order) -> Result<u64, Refused> {
    stock.take(order.quantity)?;
    if !net::charge(&order.customer, price(order)).await {
        *stock = Stock::new(stock.left() + order.quantity);
        return Err(Refused::Unpaid);
    }
    Ok(net::ship(order).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{Order, price, rate};

    #[test]
    fn ten_are_cheaper() {
        let scope = hot::scope();
        hot::mock!(in scope, rate, || -> u64 { 100 }).unwrap();
        let order = |quantity| Order { customer: "ann".to_owned(), quantity };
        assert_eq!((price(&order(9)), price(&order(10))), (900, 900));
    }
}
