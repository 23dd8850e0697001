//! An account of every request of a load, and the seam through which requests are sent
