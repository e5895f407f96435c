// Debian's libunwind is built for glibc and asks for this function of glibc, which musl does not have.
// Only messages before an abort go through it: they come out without the numbers in them.
#![no_std]

unsafe extern "C" {
    fn fputs(text: *const u8, file: *mut u8) -> i32;
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn __fprintf_chk(file: *mut u8, _flag: i32, format: *const u8) -> i32 {
    // SAFETY: the caller passes an open file and a C string, as fprintf wants them.
    unsafe { fputs(format, file) }
}
