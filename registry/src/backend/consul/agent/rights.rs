//! What the ACL token may read, where an answer is empty.

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::http::Ask;
use super::{Agent, done, read, serves};
use crate::error::{Error, Result};

/// What Consul says of one right.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Verdict {
    allow: bool,
}

impl Agent {
    /// That an empty answer means that there is nothing: of a service, or at all.
    ///
    /// Consul leaves out what the token may not read. Since 1.11 it says so; before,
    /// nothing tells that from what is not there, and a client would lose its servers to
    /// a token that lost its rights. So what has no answer is asked for by its right, as
    /// Consul's UI does (`agent/acl_endpoint.go`, `ACLAuthorize`). An agent that cannot be
    /// asked, or has no ACLs, is believed.
    ///
    /// # Errors
    ///
    /// `Refused` if the token may not read it, and which right it lacks.
    pub(in super::super) async fn may_read(&self, name: Option<&str>) -> Result<()> {
        let right = |resource: &str, segment: &str| json!({"Resource": resource, "Access": "read", "Segment": segment});
        let rights = json!([
            right("service", name.unwrap_or_default()),
            right("node", "")
        ]);
        let path = format!("/v1/internal/acl/authorize?{}", self.datacenter);
        let ask = self.signed(Ask::json(Method::POST, path, &rights));
        let answer = self.http.ask(&ask, serves).await?;
        match answer.status {
            // Without ACLs.
            StatusCode::UNAUTHORIZED => return Ok(()),
            // Of another version.
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                return Ok(());
            }
            _ => {}
        }
        let verdicts: Vec<Verdict> = read(&answer)?;
        let allows = |index: usize| verdicts.get(index).is_none_or(|verdict| verdict.allow);
        let (what, right) = if !allows(0) {
            let named = name.map(|name| format!("service {name:?}"));
            let what = named.unwrap_or_else(|| "services".to_owned());
            (what, "service:read")
        } else if !allows(1) && self.sees_no_node().await? {
            ("the machines that services are on".to_owned(), "node:read")
        } else {
            return Ok(());
        };
        let address = &answer.address;
        Err(match self.token {
            Some(_) => Error::refused(format_args!(
                "{address}: the ACL token may not read {what}: it lacks {right}"
            )),
            None => Error::refused(format_args!(
                "{address}: without an ACL token {what} may not be read: that takes {right}"
            )),
        })
    }

    /// True if the token may read no node at all. A right to some of them cannot be asked
    /// for without their names; and each cluster has a node.
    async fn sees_no_node(&self) -> Result<bool> {
        let path = format!("/v1/catalog/nodes?{}", self.datacenter);
        let answer = self.http.ask(&self.signed(Ask::get(path)), serves).await?;
        done(&answer)?;
        let nodes: Vec<Value> = read(&answer)?;
        Ok(nodes.is_empty())
    }
}
