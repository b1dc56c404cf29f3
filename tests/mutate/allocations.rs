//! An allocator that counts: how much a thread holds at most while it does one thing. Beneath it is the program's own.

use ringwalk::memory::Wiping;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static WIPING: Wiping = Wiping(System);

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

/// What `act` returns, and the most bytes that it held at a time.
pub fn during<T>(act: impl FnOnce() -> T) -> (T, usize) {
    HELD.set(0);
    MOST.set(0);
    let result = act();
    (result, MOST.get())
}

fn took(bytes: usize) {
    let held = HELD.get() + bytes;
    HELD.set(held);
    MOST.set(MOST.get().max(held));
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        unsafe { WIPING.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // What another thread, or an earlier input, allocated was not counted here.
        HELD.set(HELD.get().saturating_sub(layout.size()));
        unsafe { WIPING.dealloc(pointer, layout) }
    }
}
