//! The floor of product detail: the same octets from warp alone.

use crate::http::{Answer, BlockingConnection};
use crate::{Outcome, complaint};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use std::net::SocketAddr;
use std::path::Path;
use warp::Filter;

/// Headers that hyper writes by itself, in Souk too.
const OF_HYPER: [HeaderName; 2] = [CONTENT_LENGTH, DATE];

/// Answers every request with the answer in the file, until it is killed.
pub(crate) fn serve(listen: SocketAddr, file: &Path) -> Outcome<()> {
    let octets = std::fs::read(file)?;
    let answer = Answer::parse(octets)?;
    let status = StatusCode::from_u16(answer.head.status)?;
    let body = Bytes::copy_from_slice(answer.body());
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers() {
        let name = HeaderName::try_from(name)?;
        if !OF_HYPER.contains(&name) {
            headers.insert(name, HeaderValue::try_from(value)?);
        }
    }
    let answering = warp::any().map(move || {
        let mut response = Response::new(body.clone());
        *response.status_mut() = status;
        *response.headers_mut() = headers.clone();
        response
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        println!("listening on http://{}", listener.local_addr()?);
        warp::serve(answering).incoming(listener).run().await;
        Ok(())
    })
}

/// Fails unless both servers send the same octets, except the date.
pub(crate) fn require_same_answer(
    one: SocketAddr,
    other: SocketAddr,
    request: &[u8],
) -> Outcome<()> {
    let fetch = |address| -> Outcome<_> {
        let answer = BlockingConnection::open(address)?.fetch(request)?;
        let mut headers: Vec<_> = answer.headers().filter(|(name, _)| name != "date").collect();
        headers.sort();
        Ok((answer.head.status, headers, answer.body().to_vec()))
    };
    if fetch(one)? != fetch(other)? {
        return Err(complaint("the floor does not answer the same octets"));
    }
    Ok(())
}
