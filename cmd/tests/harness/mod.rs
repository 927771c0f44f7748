//! The parts that all tests of the whole tool share: a fixture laid out (`project`), the tool's
//! process (`tool`), and questions to the program (`line`). Each test includes this folder.

// Each of the tests uses its own part of it.
#![allow(dead_code)]

pub mod line;
pub mod project;
pub mod tool;
