//! What is freed is wiped, under the allocator that the program has.

use ringwalk::memory::Wiping;
use ringwalk::secret::Secret;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

#[global_allocator]
static ALLOCATOR: Wiping<Watching> = Wiping(Watching);

const MARK: &[u8] = b"hunter2 was here";

/// The system's allocator, which looks for the mark in what comes back to it.
struct Watching;

static MARKED: AtomicUsize = AtomicUsize::new(0);
static LARGE: AtomicUsize = AtomicUsize::new(0);
const LARGE_BYTES: usize = 1 << 20;

unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
        MARKED.fetch_add(bytes.windows(MARK.len()).filter(|part| *part == MARK).count(), Ordering::SeqCst);
        LARGE.fetch_add(usize::from(layout.size() >= LARGE_BYTES), Ordering::SeqCst);
        unsafe { System.dealloc(block, layout) }
    }
}

#[test]
fn nothing_of_a_secret_comes_back_to_the_system() {
    let mark = std::str::from_utf8(MARK).unwrap();
    // A buffer that grows leaves its old places behind, and a plain one is zeroed by nobody else.
    let mut text = String::new();
    while text.len() <= 4 * LARGE_BYTES {
        text.push_str(mark);
    }
    text.shrink_to_fit();
    let secret = Secret::new(text.as_str());
    assert!(secret.expose().ends_with(mark));
    drop((text, secret));
    assert!(LARGE.load(Ordering::SeqCst) >= 3, "the blocks were seen");
    assert_eq!(MARKED.load(Ordering::SeqCst), 0);
}
