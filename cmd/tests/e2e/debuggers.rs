//! gdb attached to a program whose code was replaced.
