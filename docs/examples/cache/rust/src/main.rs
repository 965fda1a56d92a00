// Prints a setting as JSON, with a command line.
fn main() {
    let name = clap::Arg::new("name").default_value("nobody");
    let found = clap::Command::new("settings").arg(name).get_matches();
    let name: &String = found.get_one("name").expect("it has a default");
    println!("{}", serde_json::json!({ "name": name }));
}
