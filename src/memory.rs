//! Memory that is given back is wiped first: keys and passwords pass through buffers that no crate zeroes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::arch::asm;

/// An allocator that overwrites what it frees. A block that grows is copied and its old place freed, so that no rest of a
/// secret stays behind; what C allocates (aws-lc, which wipes its own) and what lies on stacks is not seen by it.
pub struct Wiping<A = System>(pub A);

// Every pointer and layout is handed on as it came; a block is written to only while it is still the caller's.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Wiping<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { self.0.alloc_zeroed(layout) }
    }

    // `realloc` stays as the trait has it: allocate, copy, free.
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe {
            block.write_bytes(0, layout.size());
            // It may read the block, as far as the compiler knows, so that the zeros are written.
            asm!("/* {0} */", in(reg) block, options(nostack, preserves_flags));
            self.0.dealloc(block, layout);
        }
    }
}
