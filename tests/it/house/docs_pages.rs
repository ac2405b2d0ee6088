//! README.md and docs/*.md are pasted as they stand: every block of commands in order, in a fresh directory, with
//! `souk`, `nats-server` and the `nats` command on the path. The pages about the contracts are in docs_walks.rs.

use std::collections::BTreeSet;
use std::fs;

use crate::support::pages::{Block, Desk, blocks, blocks_of};
use crate::support::{Postgres, mails_in, repository};

/// The pages that docs_walks.rs pastes, with the answers they print.
const WALKS: [&str; 5] = ["classic", "minimal", "services", "storefront", "platform"];

/// The pages that start and stop what they need by themselves.
const FROM_NOTHING: [&str; 2] = ["README.md", "docs/install.md"];
/// The pages that continue after the README has started a broker and a shop with it.
const WITH_A_BROKER: [&str; 3] = ["docs/logs.md", "docs/mail.md", "docs/subscribers.md"];

/// What is pasted before all other pages: a shop as the walks start it.
const SHOP: &str = "```sh
echo 'a good password' | souk admin create --username boss --email boss@example.com
```
```sh terminal
souk serve
```
";

/// Blocks that are not pasted, and why: the page, the first line, the reason. All others are.
const NOT_PASTED: [(&str, &str, &str); 17] = [
    ("README.md", "$ stripe listen --forward-to", "Stripe's CLI and an account there"),
    ("docs/install.md", "$ cargo build --profile dist", "root, and a machine with systemd"),
    ("docs/install.md", "# echo 'a good password' | sudo", "root, and a machine with systemd"),
    ("docs/install.md", "$ docker compose build", "Docker"),
    ("docs/postgres.md", "$ cd config/deploy", "Docker"),
    (
        "docs/postgres.md",
        "# systemctl stop souk",
        "root, and a machine with systemd and PostgreSQL",
    ),
    ("docs/postgres.md", "# souk copy --from store", "root, and a machine with PostgreSQL"),
    ("docs/postgres.md", "$ souk backup restored", "PostgreSQL's superuser"),
    ("docs/supply-chain.md", "$ cargo install --locked cargo-deny", "the database of advisories"),
    ("docs/supply-chain.md", "$ config/deploy/sbom.py", "supply_chain.rs makes the bill"),
    ("docs/fuzzing.md", "$ SOUK_FUZZ_ROUNDS", "the tests themselves"),
    ("docs/fuzzing.md", "$ cargo install --locked cargo-fuzz", "a nightly compiler"),
    ("docs/classic.md", "$ echo 'a good password'", "docs_walks.rs starts the shop"),
    ("docs/minimal.md", "$ echo 'a good password'", "docs_walks.rs starts the shop"),
    ("docs/services.md", "$ echo 'a good password'", "docs_walks.rs starts the shop"),
    ("docs/storefront.md", "$ echo 'a good password'", "docs_walks.rs starts the shop"),
    ("docs/platform.md", "$ echo 'a good password'", "docs_walks.rs starts the shop"),
];

/// Languages of blocks that are no commands.
const SHOWN: [&str; 7] = ["json", "text", "python", "javascript", "rust", "ini", "sql"];

/// Puts `souk` on the path, because the tests have it built and installed already.
const INSTALL: &str = "cargo install --locked --path .\n";
const DEMO: &str = "cargo run --release -- serve --demo";
/// What begins the part of the README about several processes; and the database that it makes.
const CREATE_DATABASE: &str = "createdb shop\n";
const DATABASE: &str = "postgres:///shop?host=/var/run/postgresql";

/// README.md and every page directly under docs.
fn pages() -> Vec<String> {
    let entries = fs::read_dir(repository().join("docs")).expect("there are docs");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("ASCII"));
    let mut pages: Vec<String> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("docs/{name}")).collect();
    pages.push("README.md".to_owned());
    pages.sort();
    pages
}

fn is_walk(page: &str) -> bool {
    WALKS.iter().any(|walk| page == format!("docs/{walk}.md"))
}

/// The blocks of a page without the lines that install.
fn installed(page: &str) -> Vec<Block> {
    let mut blocks = blocks_of(page);
    for block in &mut blocks {
        block.text = block.text.replace(INSTALL, ":\n");
    }
    blocks
}

/// The blocks of the README up to the part about several processes; the first starts the demonstration and runs the tests.
fn readme() -> Vec<Block> {
    let mut blocks = installed("README.md");
    let commands: Vec<&str> = blocks[0]
        .text
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default().trim())
        .collect();
    assert_eq!(commands, [DEMO, "tests/run"], "the two commands of the README");
    blocks[0] = Block { info: "sh terminal".to_owned(), text: "souk serve --demo\n".to_owned() };
    blocks.truncate(several_processes(&blocks));
    blocks
}

/// Where the part about several processes begins; it is the last whose blocks are pasted.
fn several_processes(readme: &[Block]) -> usize {
    let is_begin = |block: &Block| block.text.starts_with(CREATE_DATABASE);
    readme.iter().position(is_begin).expect("the README makes a database")
}

/// The blocks of the README that make passwords, and start a broker and a shop with it.
fn broker_of_the_readme() -> Vec<Block> {
    let readme = readme();
    let is_begin = |block: &Block| block.text.contains("> nats.env");
    let begin = readme.iter().position(is_begin).expect("the README makes passwords");
    let mut blocks = vec![blocks(SHOP)[0].clone()];
    blocks.extend_from_slice(&readme[begin..begin + 3]);
    blocks
}

#[test]
fn every_block_is_pasted_or_named_here_with_the_reason() {
    let mut left_out = BTreeSet::new();
    for page in pages() {
        for block in blocks_of(&page) {
            let (language, first) = (block.language(), block.first_line());
            match language {
                "sh" if is_walk(&page) => assert_eq!(block.info, "sh", "{page}: {first}"),
                "sh" => assert!(
                    ["sh", "sh terminal", "sh closed"].contains(&block.info.as_str()),
                    "{page}: {:?} says how {first} is pasted",
                    block.info
                ),
                "console" => {
                    let known = NOT_PASTED
                        .iter()
                        .find(|(on, begin, _)| *on == page && first.starts_with(begin));
                    assert!(known.is_some(), "{page} has a block that no test pastes: {first}");
                    left_out.extend(known);
                }
                language => assert!(SHOWN.contains(&language), "{page}: a block of {language:?}"),
            }
        }
    }
    let named: BTreeSet<_> = NOT_PASTED.iter().collect();
    assert_eq!(left_out, named, "what is named here stands on its page");
}

#[test]
fn the_readme_leads_to_every_page() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("there");
    for page in pages().iter().filter(|page| *page != "README.md") {
        assert!(readme.contains(&format!("]({page})")), "{page} is not linked");
    }
    assert!(readme.contains("](CHANGELOG.md)"));
}

#[test]
fn no_page_has_to_be_filled_in_before_it_is_pasted() {
    for page in pages() {
        for block in blocks_of(&page).iter().filter(|block| block.is_pasted()) {
            let text = &block.text;
            let placeholders =
                ["…", "CHANGE", "YOUR_", "orders/1/", "\"order_id\": 1}", "\"product_id\": 1,"];
            // A walk through a contract may name what is not there.
            let found = placeholders.iter().find(|placeholder| text.contains(**placeholder));
            let is_an_error = is_walk(&page) && text.contains("%{http_code}");
            assert!(found.is_none() || is_an_error, "{page}: {found:?} in\n{text}");
        }
    }
}

#[test]
fn the_readme_is_pasted_from_the_demonstration_to_the_broker() {
    let desk = Desk::new();
    let printed = desk.paste(&readme());

    for expected in [
        "Payment confirmed successfully",
        ".mail.order_paid.eml",
        "A scratch",
        "checkout_url",
        "Password has been reset.",
        "sandbox",
    ] {
        assert!(printed.contains(expected), "{expected}: {printed}\n{}", desk.logs());
    }
    for directory in ["data", "my-shop", "data/nats"] {
        assert!(desk.data(directory).is_dir(), "{directory}: {printed}");
    }
}

#[tokio::test]
async fn the_readme_is_pasted_where_several_processes_share_a_database() {
    let postgres = Postgres::start();
    // The desk puts its own address in the place of 127.0.0.1.
    let database = postgres.database("shop").await.replace("127.0.0.1", "localhost");
    let mut part = installed("README.md");
    part.drain(..several_processes(&part));
    assert!(part[0].text.contains(DATABASE), "{}", part[0].text);
    part[0].text = part[0].text.replace(CREATE_DATABASE, "").replace(DATABASE, &database);
    let desk = Desk::new();
    let printed = desk.paste(&part);

    for expected in ["Payment confirmed successfully", "every invariant holds"] {
        assert!(printed.contains(expected), "{expected}: {printed}\n{}", desk.logs());
    }
    let orders = printed.lines().find(|line| line.starts_with("[{")).expect("a list of orders");
    assert_eq!(orders.matches("\"order_number\"").count(), 1, "{orders}");
}

#[test]
fn the_page_about_installing_is_pasted_from_the_clone_to_a_new_password() {
    let desk = Desk::new();
    let printed = desk.paste(&installed("docs/install.md"));

    for expected in ["Payment confirmed successfully", "Password has been reset."] {
        assert!(printed.contains(expected), "{expected}: {printed}\n{}", desk.logs());
    }
    let passwords = fs::read_to_string(desk.path("config/deploy/.env")).expect("made by the page");
    assert_eq!(passwords.matches("_PASSWORD=p").count(), 4, "{passwords}");
}

#[test]
fn the_page_about_logs_is_pasted() {
    let desk = Desk::new();
    let mut page = broker_of_the_readme();
    page.extend(blocks_of("docs/logs.md"));
    let printed = desk.paste(&page);

    // The line may be stored after the page searches for it; `--follow` waits for it.
    assert!(printed.contains(r#""results":"#), "{printed}\n{}", desk.logs());
}

#[test]
fn the_page_about_mails_is_pasted() {
    let desk = Desk::new();
    let mut page = broker_of_the_readme();
    page.extend(blocks_of("docs/mail.md"));
    desk.paste(&page);

    let mails = mails_in(&desk.data("data/mail"));
    let to_ann = mails.iter().any(|mail| mail.to.iter().any(|to| to == "ann@example.com"));
    assert!(to_ann, "{}", desk.logs());
}

#[test]
fn the_page_for_subscribers_is_pasted() {
    let desk = Desk::new();
    let mut page = broker_of_the_readme();
    page.extend(blocks_of("docs/subscribers.md"));
    desk.paste(&page);
}

#[test]
fn the_page_about_copies_is_pasted() {
    let desk = Desk::new();
    let mut page = blocks(SHOP);
    // The last part of the page is about copying the bare file of a closed store.
    page.insert(
        1,
        Block { info: "sh".to_owned(), text: "cp data/souk.redb old-copy\n".to_owned() },
    );
    page.extend(blocks_of("docs/backup.md"));
    desk.paste(&page);

    for made in ["before-the-fair.backup", "new-copy.backup", "trial/souk.redb", "token-key"] {
        assert!(desk.path(made).is_file(), "{made}\n{}", desk.logs());
    }
}

#[test]
fn every_other_page_is_pasted_where_a_shop_is_open() {
    let named = |page: &String| {
        FROM_NOTHING.contains(&page.as_str())
            || WITH_A_BROKER.contains(&page.as_str())
            || is_walk(page)
            || page == "docs/backup.md"
    };
    let mut pasted = Vec::new();
    for page in pages().into_iter().filter(|page| !named(page)) {
        let its_blocks = installed(&page);
        if its_blocks.iter().any(Block::is_pasted) {
            let mut all = blocks(SHOP);
            all.extend(its_blocks);
            Desk::new().paste(&all);
            pasted.push(page);
        }
    }
    for page in ["docs/integrations.md", "docs/upgrading.md"] {
        assert!(pasted.iter().any(|known| known == page), "{page}: {pasted:?}");
    }
}
