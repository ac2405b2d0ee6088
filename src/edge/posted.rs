//! Forms posted by our pages: `application/x-www-form-urlencoded`, as a browser sends it without a
//! script.

use crate::edge::{Answer, Request, limits, standard};
use http::header::CONTENT_TYPE;

const CONTENT_TYPE_OF_FORMS: &str = "application/x-www-form-urlencoded";

/// The fields of a posted form, in their order.
#[derive(Debug)]
pub(crate) struct PostedForm(Vec<(String, String)>);

impl PostedForm {
    /// Whether the body has the content type of such a form.
    pub(crate) fn is_in(request: &Request) -> bool {
        let content_type = request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case(CONTENT_TYPE_OF_FORMS)
    }

    /// The form of a request's body.
    ///
    /// # Errors
    /// 415 for any other content type.
    pub(crate) fn parse(request: &Request) -> Result<Self, Answer> {
        if !Self::is_in(request) {
            let sent = request.header(CONTENT_TYPE.as_str()).unwrap_or_default();
            return Err(standard::unsupported_media_type(sent));
        }
        let fields = url::form_urlencoded::parse(&request.body).take(limits::FORM_FIELDS_MAX);
        Ok(Self(fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()))
    }

    /// The last value of a field; empty if it is absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().rfind(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn posted(content_type: &str, body: &'static str) -> Result<PostedForm, Answer> {
        let mut request =
            Request::test(Method::POST, "/").with_header("content-type", content_type);
        request.body = body.into();
        PostedForm::parse(&request)
    }

    #[test]
    fn fields_are_decoded_and_the_last_of_a_name_counts() {
        let form = posted(
            "application/x-www-form-urlencoded; charset=UTF-8",
            "password=other&password=a+b%26c&empty=",
        )
        .expect("a form");
        assert_eq!(form.text("password"), "a b&c");
        assert_eq!((form.text("empty"), form.text("absent")), ("", ""));
    }

    #[test]
    fn other_bodies_are_refused() {
        for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            let refused = posted(content_type, "password=x").expect_err("refused");
            assert_eq!(refused.status, 415, "{content_type}");
        }
    }
}
