//! Memory: what lies between the data of the module and its end is handed out upwards; `lend` alone gives some back (R3). The
//! memory doesn't grow, because an instance that grew can't be used for the next message; a contract that needs more is
//! built with more pages.

use crate::host;
#[cfg(target_arch = "wasm32")]
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;

/// What the module keeps while it handles a message. WebAssembly has one thread.
pub struct Global<T>(pub UnsafeCell<T>);

unsafe impl<T> Sync for Global<T> {}

/// The first free byte.
static TOP: Global<usize> = Global(UnsafeCell::new(0));

/// Begins a handling: what lies behind the data and the stack is free. The linker knows where, as the address of a
/// symbol; the compiler takes that for a variable of one byte and might assume that nothing behind it is ever written.
/// Of an address that was read volatile it assumes nothing.
pub fn open() {
    #[cfg(target_arch = "wasm32")]
    {
        extern "C" {
            static mut __heap_base: u8;
        }
        static BASE: Global<*const u8> = Global(UnsafeCell::new(unsafe { core::ptr::addr_of!(__heap_base) }));
        unsafe { *TOP.0.get() = core::ptr::read_volatile(BASE.0.get()) as usize }
    }
}

fn end() -> usize {
    #[cfg(target_arch = "wasm32")]
    return core::arch::wasm32::memory_size(0) << 16;
    #[cfg(not(target_arch = "wasm32"))]
    return 0;
}

/// The free bytes: where they begin, and how many there are.
#[inline]
pub fn free() -> (*mut u8, usize) {
    let top = unsafe { *TOP.0.get() };
    (top as *mut u8, end().wrapping_sub(top))
}

/// Makes the first n free bytes belong to the caller.
pub fn keep(n: usize) -> &'static mut [u8] {
    let (at, room) = free();
    if n > room {
        host::fail(b"out of memory: build the contract with more pages");
    }
    unsafe {
        *TOP.0.get() += n;
        core::slice::from_raw_parts_mut(at, n)
    }
}

/// Gives back all that was kept since `free` returned at. The caller holds nothing of it any more.
pub unsafe fn release(at: *mut u8) {
    *TOP.0.get() = at as usize;
}

/// Vec, String and Box take their memory here.
#[cfg(target_arch = "wasm32")]
struct Bump;

#[cfg(target_arch = "wasm32")]
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (at, _) = free();
        let gap = (at as usize).wrapping_neg() & (layout.align() - 1);
        keep(gap + layout.size()).as_mut_ptr().add(gap)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

    /// The last piece grows where it is, so that a Vec that is filled is not copied.
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size <= layout.size() {
            return old;
        }
        if old as usize + layout.size() == *TOP.0.get() {
            keep(size - layout.size());
            return old;
        }
        let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
        core::ptr::copy_nonoverlapping(old, new, layout.size());
        new
    }
}

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: Bump = Bump;

/// A panic is a trap: formatting what it says would be most of a small contract. `refuse!` says something.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    host::trap()
}
