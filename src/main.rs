//! The program: arguments in, exit code out.

#[global_allocator]
static MEMORY: ringwalk::memory::Wiping = ringwalk::memory::Wiping(std::alloc::System);

fn main() -> std::process::ExitCode {
    ringwalk::cli::main()
}
