//! `/metrics` in Prometheus's format, with the count and duration of each operation.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::Shop;
use serde_json::json;

/// One sample line.
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Sample {
    /// `name{label="value",…} number`.
    fn parse(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let value = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        let (name, labels) = match series.split_once('{') {
            None => (series, ""),
            Some((name, labels)) => (name, labels.strip_suffix('}').expect("a closing brace")),
        };
        let labels = labels.split("\",").filter(|label| !label.is_empty()).map(|label| {
            let (name, value) = label.split_once("=\"").expect("a quoted value");
            (name.to_owned(), value.trim_end_matches('"').to_owned())
        });
        Self { name: name.to_owned(), labels: labels.collect(), value }
    }
}

fn samples(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).map(Sample::parse).collect()
}

fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> f64 {
    let is_meant = |sample: &&Sample| {
        sample.name == name
            && labels
                .iter()
                .all(|(name, value)| sample.labels.get(*name).is_some_and(|it| it == value))
    };
    samples.iter().filter(is_meant).map(|sample| sample.value).sum()
}

#[tokio::test]
async fn each_operation_is_counted_under_its_route_and_class() {
    let shop = Shop::open().await;
    let boss = shop.admin().await;
    let lamp = boss.add_product("Lamp", "10.00", 10).await;
    for _ in 0..3 {
        boss.get(&format!("/api/v1/products/{lamp}/")).await.expect(200);
    }
    boss.get("/api/v1/products/999999/").await.expect(404);
    boss.post("/api/v1/products/", json!({})).await.expect(400);
    boss.get("/no/such/path/7").await.expect(404);

    let samples = samples(&shop.nobody().get("/metrics").await.text);
    let requests = |labels: &[(&str, &str)]| value(&samples, "souk_http_requests_total", labels);
    let detail =
        [("contract", "storefront"), ("method", "GET"), ("operation", "/api/v1/products/{id}/")];
    assert_eq!(requests(&[&detail[..], &[("status", "2xx")]].concat()), 3.0);
    assert_eq!(requests(&[&detail[..], &[("status", "4xx")]].concat()), 1.0);
    let made = [("method", "POST"), ("operation", "/api/v1/products/")];
    assert_eq!(requests(&[&made[..], &[("status", "2xx")]].concat()), 1.0);
    assert_eq!(requests(&[&made[..], &[("status", "4xx")]].concat()), 1.0);
    assert_eq!(requests(&[("contract", "none"), ("status", "4xx")]), 1.0);
    assert_eq!(value(&samples, "souk_panics_total", &[]), 0.0);
    let took = value(&samples, "souk_http_request_duration_seconds_count", &detail);
    assert_eq!(took, 4.0);
    assert!(samples.iter().all(|sample| !sample.labels.values().any(|it| it.contains("no/such"))));
}

#[tokio::test]
async fn the_text_is_in_the_format_of_prometheus() {
    let shop = Shop::open().await;
    shop.customer("ann").await;
    let answer = shop.nobody().get("/metrics").await;
    assert_eq!(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");

    // Every family is described once, before its samples, which are contiguous.
    let (mut described, mut family) = (BTreeSet::new(), String::new());
    for line in answer.text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            family = rest.split(' ').next().expect("a name").to_owned();
            assert!(described.insert(family.clone()), "{family} is described twice");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(name, family);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
        } else {
            let name = Sample::parse(line).name;
            let suffixes = ["", "_bucket", "_sum", "_count"];
            assert!(suffixes.iter().any(|suffix| name == format!("{family}{suffix}")), "{line}");
        }
    }
    // Histogram buckets are cumulative, and the last one counts all.
    let samples = samples(&answer.text);
    let mut below: BTreeMap<(String, String), f64> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
        let of = (sample.labels["operation"].clone(), sample.labels["method"].clone());
        let before = below.insert(of.clone(), sample.value).unwrap_or(0.0);
        assert!(sample.value >= before, "{of:?} shrinks");
        if sample.labels["le"] == "+Inf" {
            let labels = [("operation", of.0.as_str()), ("method", of.1.as_str())];
            let count = value(&samples, "souk_http_request_duration_seconds_count", &labels);
            assert_eq!(count, sample.value, "{of:?}");
        }
    }
    assert!(!below.is_empty(), "somebody was answered");
}
