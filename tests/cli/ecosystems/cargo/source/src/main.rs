fn main() {
    println!("{}", right::text());
}
