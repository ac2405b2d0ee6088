//! The samples of config/deploy match the program: their settings and commands exist, and ports and paths agree. If the
//! tools that read the samples are installed, they check them too.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Shop, python, repository, run_souk};
use serde_json::Value;

const UNITS: [&str; 3] = ["souk.service", "souk-backup.service", "souk-backup.timer"];
const BINARY: &str = "/usr/local/bin/souk";
const DATA: &str = "/var/lib/souk";
const COPIES: &str = "/var/backups/souk";

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sample(name: &str) -> String {
    read(&format!("config/deploy/{name}"))
}

/// Every file of config/deploy that belongs to the repository, and the page about it.
fn samples() -> Vec<(String, String)> {
    let entries = fs::read_dir(repository().join("config/deploy")).expect("there are samples");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("ASCII"));
    let mut samples: Vec<_> = names
        // Generated from the page, and ignored by git.
        .filter(|name| name != ".env")
        .map(|name| (name.clone(), sample(&name)))
        .collect();
    samples.push(("docs/install.md".to_owned(), read("docs/install.md")));
    samples
}

/// The keys of config/souk.toml.
fn settings() -> BTreeSet<String> {
    let file = read("config/souk.toml");
    let keys = file.lines().filter_map(|line| {
        let (key, _) = line.strip_prefix("# ")?.split_once(" = ")?;
        key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then(|| key.to_owned())
    });
    keys.collect()
}

/// The names that begin with `prefix` and continue in capitals.
fn names<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    let words = text.split(|c: char| !is_name(c));
    words.filter(|word| word.starts_with(prefix) && word.len() > prefix.len()).collect()
}

/// The value of a key in a unit file; the last one if there are several.
fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let lines = unit.lines().rev().filter_map(|line| line.split_once('='));
    let mut values = lines.filter_map(|(known, value)| (known == key).then_some(value));
    values.next().unwrap_or_else(|| panic!("{key} is in\n{unit}"))
}

fn compose(name: &str) -> Value {
    let script = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)";
    let file = fs::File::open(repository().join("config/deploy").join(name)).expect("there");
    let read = Command::new(python()).args(["-c", script]).stdin(file).output().expect("python");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    serde_json::from_slice(&read.stdout).expect("JSON")
}

/// The strings of an array.
fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("an array").iter().map(|text| text.as_str().expect("a text")).collect()
}

#[test]
fn every_setting_of_a_sample_is_one() {
    let settings = settings();
    assert!(settings.contains("nats_url") && settings.contains("listen"), "{settings:?}");
    // The page names whole settings in backquotes, too.
    let page = read("docs/install.md");
    let quoted = page.split('`').skip(1).step_by(2).filter_map(|text| text.split(" = ").next());
    let quoted = quoted.filter(|text| {
        text.contains('_') && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    });
    for key in quoted {
        assert!(settings.contains(key), "docs/install.md: {key} is no setting");
    }
    for (name, text) in samples() {
        for variable in names(&text, "SOUK_") {
            // The page's loop over the broker's users.
            if variable == "SOUK_NATS" {
                continue;
            }
            let key = variable["SOUK_".len()..].to_lowercase();
            assert!(settings.contains(&key), "{name}: {variable} is no setting");
        }
    }
}

#[test]
fn every_command_of_a_sample_is_one() {
    for unit in ["souk.service", "souk-backup.service"] {
        let unit = sample(unit);
        let words: Vec<&str> = value(&unit, "ExecStart").split(' ').collect();
        assert_eq!(words[0], BINARY);
        let options = words.iter().filter(|word| word.starts_with("--"));
        let help = run_souk(&[words[1], "--help"]).expect_success().stdout;
        options.for_each(|option| assert!(help.contains(option), "{option}: {help}"));
    }
    let image = sample("Dockerfile");
    assert!(image.contains(r#"CMD ["souk", "health"]"#) && image.contains(r#"CMD ["serve"]"#));
    run_souk(&["health", "--help"]).expect_success();
}

#[test]
fn paths_and_ports_agree() {
    let image = sample("Dockerfile");
    assert!(read("config/souk.toml").contains(r#"listen = "127.0.0.1:8000""#), "the default port");
    for (name, text, expected) in [
        ("Dockerfile", image.clone(), "EXPOSE 8000"),
        ("Dockerfile", image.clone(), "SOUK_LISTEN=0.0.0.0:8000"),
        ("Dockerfile", image.clone(), BINARY),
        ("Dockerfile", image, "VOLUME /var/lib/souk"),
        ("compose.yaml", sample("compose.yaml"), "\"127.0.0.1:8000:8000\""),
        ("compose.yaml", sample("compose.yaml"), "shop:/var/lib/souk"),
        ("compose.yaml", sample("compose.yaml"), "SHOP_UPSTREAM: souk:8000"),
        ("compose.yaml", sample("compose.yaml"), "nats://nats:4222"),
        ("nats.conf", read("nats.conf"), "listen: 127.0.0.1:4222"),
        ("nats.conf", read("nats.conf"), "store_dir: \"data/nats\""),
        ("Caddyfile", sample("Caddyfile"), "{$SHOP_UPSTREAM:127.0.0.1:8000}"),
        ("nginx.conf", sample("nginx.conf"), "server 127.0.0.1:8000;"),
        (
            "docs/backup.md",
            read("docs/backup.md"),
            "--data /var/lib/souk --config /etc/souk/souk.toml",
        ),
        ("docs/install.md", read("docs/install.md"), "/etc/souk/souk.env"),
    ] {
        assert!(text.contains(expected), "{name} says {expected}:\n{text}");
    }
    for unit in ["souk.service", "souk-backup.service"] {
        let unit = sample(unit);
        assert_eq!(value(&unit, "Environment"), format!("SOUK_DATA={DATA}"));
        assert_eq!(value(&unit, "EnvironmentFile"), "-/etc/souk/souk.env");
        assert!(value(&unit, "ExecStart").contains("--config /etc/souk/souk.toml"), "{unit}");
        assert!(value(&unit, "ReadWritePaths").contains(COPIES), "the open shop writes copies");
        assert_eq!((value(&unit, "User"), value(&unit, "UMask")), ("souk", "0077"));
    }
    for unit in UNITS {
        assert!(read("docs/install.md").contains(&format!("config/deploy/{unit}")), "{unit}");
    }
}

#[test]
fn the_unit_keeps_the_shop_in_its_place_and_alive() {
    let unit = sample("souk.service");
    for (key, expected) in [
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("StateDirectory", "souk"),
        ("StateDirectoryMode", "0700"),
        ("Restart", "on-failure"),
        ("TimeoutStopSec", "15"),
        ("CapabilityBoundingSet", ""),
    ] {
        assert_eq!(value(&unit, key), expected, "{key}");
    }
}

#[test]
fn systemd_understands_the_units() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let mut paths = Vec::new();
    for unit in UNITS {
        // systemd-analyze looks for the binary; here it is the one under test.
        let text = sample(unit).replace(BINARY, env!("CARGO_BIN_EXE_souk"));
        let path = directory.path().join(unit);
        fs::write(&path, text).expect("written");
        paths.push(path);
    }
    // A machine without systemd cannot check the units.
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").args(&paths).output() else {
        eprintln!("there is no systemd-analyze here; the units were not verified");
        return;
    };
    let complaints = String::from_utf8_lossy(&verified.stderr);
    let ours: Vec<&str> = complaints.lines().filter(|line| line.contains("souk")).collect();
    assert!(verified.status.success() && ours.is_empty(), "{complaints}");
}

#[test]
fn the_containers_have_what_they_name() {
    let compose = compose("compose.yaml");
    let services = &compose["services"];
    for (service, volume) in [("souk", "shop:"), ("nats", "broker:"), ("caddy", "certificates:")] {
        let volumes = texts(&services[service]["volumes"]);
        assert!(volumes.iter().any(|mounted| mounted.starts_with(volume)), "{volumes:?}");
        assert!(compose["volumes"].get(volume.trim_end_matches(':')).is_some(), "{volume}");
        for mounted in volumes.iter().filter(|mounted| mounted.starts_with('.')) {
            let file = mounted.split(':').next().expect("a file of ours");
            let path = Path::new("config/deploy").join(file);
            assert!(repository().join(&path).is_file(), "{}", path.display());
        }
    }
    let build = &services["souk"]["build"];
    assert_eq!(
        (build["context"].as_str(), build["dockerfile"].as_str()),
        (Some("../.."), Some("config/deploy/Dockerfile"))
    );

    // The shop trusts the proxies of its own network only.
    let subnet = &compose["networks"]["default"]["ipam"]["config"][0]["subnet"];
    assert_eq!(&services["souk"]["environment"]["SOUK_TRUSTED_PROXIES"], subnet);
    assert!(subnet.is_string(), "{subnet}");

    // The page makes every password that nats.conf reads.
    let given = services["nats"]["environment"].as_object().expect("an environment");
    let broker = read("nats.conf");
    let wanted = broker.split("password: $").skip(1).map(|rest| {
        rest.split(|c: char| !c.is_ascii_uppercase() && c != '_').next().expect("a name")
    });
    let wanted: BTreeSet<&str> = wanted.collect();
    assert_eq!(given.keys().map(String::as_str).collect::<BTreeSet<_>>(), wanted);
    for name in wanted {
        assert!(
            given[name].as_str().is_some_and(|text| text.starts_with(&format!("${{{name}:?"))),
            "{name}"
        );
        assert!(read("docs/install.md").contains(name.trim_end_matches("_PASSWORD")), "{name}");
    }
}

#[test]
fn the_processes_on_postgresql_are_one_shop_and_have_what_they_name() {
    const PROCESSES: [&str; 3] = ["souk-1", "souk-2", "souk-3"];
    let compose = compose("compose.postgres.yaml");
    let services = compose["services"].as_object().expect("services");
    for mounted in services.values().filter_map(|service| service.get("volumes")).flat_map(texts) {
        let (source, _) = mounted.split_once(':').expect("a source and a place");
        match source.strip_prefix("./") {
            Some(file) => drop(sample(file)),
            None => assert!(compose["volumes"].get(source).is_some(), "{source}"),
        }
    }
    assert_eq!(services["nats"]["extends"]["file"], "compose.yaml");
    assert!(
        compose["volumes"].get("broker").is_some(),
        "the volume of the service that is extended"
    );

    // They differ in their data alone.
    let shared = &services[PROCESSES[0]]["environment"];
    let data: BTreeSet<&str> = PROCESSES
        .iter()
        .map(|process| {
            assert_eq!(&services[*process]["environment"], shared, "{process}");
            let [data] = texts(&services[*process]["volumes"])[..] else { panic!("{process}") };
            data
        })
        .collect();
    assert_eq!(data.len(), PROCESSES.len(), "{data:?}");
    assert!(data.iter().all(|data| data.ends_with(&format!(":{DATA}"))), "{data:?}");

    let database = &services["postgres"]["environment"];
    let named = |key: &str| database[key].as_str().expect("a text");
    let (user, password, name) =
        (named("POSTGRES_USER"), named("POSTGRES_PASSWORD"), named("POSTGRES_DB"));
    let store = format!("postgres://{user}:{password}@postgres:5432/{name}?sslmode=disable");
    assert_eq!(shared["SOUK_STORE"], store);
    let subnet = &compose["networks"]["default"]["ipam"]["config"][0]["subnet"];
    assert_eq!(&shared["SOUK_TRUSTED_PROXIES"], subnet);
    let upstreams = services["caddy"]["environment"]["SHOP_UPSTREAMS"].as_str().expect("a text");
    assert_eq!(upstreams, PROCESSES.map(|process| format!("{process}:8000")).join(" "));

    // The page makes every secret that a start asks for.
    let page = read("docs/postgres.md");
    for secret in ["POSTGRES_PASSWORD", "SOUK_JWT_SECRET", "SOUK_NATS_PASSWORD"] {
        assert!(sample("compose.postgres.yaml").contains(&format!("${{{secret}:?")), "{secret}");
        assert!(page.contains(secret.trim_end_matches("_PASSWORD")), "{secret}");
    }
}

#[test]
fn the_image_holds_no_secret_and_its_user_has_no_rights() {
    let image = sample("Dockerfile");
    let user = image.lines().rfind(|line| line.starts_with("USER ")).expect("a user");
    assert_eq!(user, "USER souk");
    assert!(image.contains("HEALTHCHECK") && image.contains("STOPSIGNAL SIGTERM"), "{image}");
    let ignored = read(".dockerignore");
    let ignored: BTreeSet<&str> = ignored.lines().collect();
    for pattern in [".git", "target", "data", "**/.env", "**/*.env"] {
        assert!(ignored.contains(pattern), "{pattern}: {ignored:?}");
    }
    let git = read(".gitignore");
    for pattern in ["/data", "/nats.env", ".env"] {
        assert!(git.lines().any(|line| line == pattern), "{pattern}: {git}");
    }
}

#[test]
fn proxies_are_read_where_their_programs_are() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    for name in ["Caddyfile", "Caddyfile.several"] {
        let caddyfile = repository().join("config/deploy").join(name);
        let mut caddy = Command::new("caddy");
        caddy.args(["validate", "--adapter", "caddyfile", "--config"]).arg(&caddyfile);
        caddy.env("HOME", directory.path());
        match caddy.output() {
            Ok(read) => assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr)),
            Err(_) => eprintln!("there is no caddy here; {name} was not read by it"),
        }
    }
    // nginx reads the certificate with the configuration, so only braces and line ends can be checked here.
    let nginx = sample("nginx.conf");
    assert_eq!(nginx.matches('{').count(), nginx.matches('}').count());
    for line in
        nginx.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        assert!(line.ends_with([';', '{', '}']), "{line}");
    }
    let several = ("Caddyfile.several", sample("Caddyfile.several"));
    for (proxy, text) in [("Caddyfile", sample("Caddyfile")), several, ("nginx.conf", nginx)] {
        for expected in ["/metrics", "404", "trusted_proxies", "public_url", "Forwarded"] {
            assert!(text.contains(expected), "{proxy}: {expected}");
        }
    }
}

#[tokio::test]
async fn health_is_whether_the_shop_of_the_settings_answers() {
    // The port is a setting, so that another process knows it.
    let address =
        format!("127.200.{}.{}:8000", std::process::id() >> 8 & 0xff, std::process::id() & 0xff);
    let mut shop = Shop::closed_with(&[("SOUK_LISTEN", &address)]);
    shop.run(&["health"], "").expect_refusal().naming("nobody listens").naming(&address);
    assert!(!shop.data().exists(), "asking makes nothing");

    shop.start_where_it_is_set();
    let well = shop.run(&["health"], "").expect_success();
    assert!(!well.stdout.trim().is_empty(), "{well:?}");
    shop.run(&["health", "--ready"], "").expect_success();
    shop.stop().await;
    shop.run(&["health", "--ready"], "").expect_refusal().naming("nobody listens");

    // The shop answers but refuses changes: its broker is away.
    shop.set("SOUK_NATS_URL", "nats://127.0.0.1:1");
    shop.start_where_it_is_set();
    shop.run(&["health"], "").expect_success();
    shop.run(&["health", "--ready"], "").expect_refusal().naming("503").naming("broker");
    shop.stop().await;

    // Another program listens there.
    let listener = std::net::TcpListener::bind(&address).expect("the address is free");
    let other = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().expect("a connection");
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
    });
    shop.run(&["health"], "").expect_refusal().naming("does not answer as a shop does");
    other.join().expect("it ends");
}
