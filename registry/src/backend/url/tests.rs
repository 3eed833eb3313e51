use super::*;

fn fault(text: &str) -> String {
    text.parse::<BackendUrl>().unwrap_err().to_string()
}

#[tokio::test]
async fn memory_needs_no_scheme_and_nothing_else() {
    for text in ["memory", "memory://", "MEMORY://"] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), "memory");
        assert!(url.open().is_ok());
    }
    assert!(fault("memory://host").contains("rpc://host:port"));
    let url: BackendUrl = "memory".parse().unwrap();
    let error = url.with_user("u", "secret").open().err().unwrap();
    assert_eq!(error.to_string(), "the registry at memory knows no user");
}

#[test]
fn what_is_no_url_is_said() {
    for (text, part) in [
        ("", "has no scheme"),
        ("localhost:2379", "write etcd://localhost:2379"),
        (
            "redis://h:1",
            "there is no backend \"redis\"; it is one of memory, rpc://",
        ),
        (&"x".repeat(LONGEST + 1), "too long"),
        ("a\u{1b}b", "a\\u{1b}b"),
    ] {
        assert!(fault(text).contains(part), "{text}: {}", fault(text));
    }
}

#[cfg(not(feature = "etcd"))]
#[test]
fn a_feature_that_is_missing_is_named() {
    assert!(fault("etcd://h").contains("its feature `etcd`"));
}

#[cfg(feature = "client")]
#[tokio::test]
async fn rpc_urls() {
    for (text, shown) in [
        ("rpc://127.0.0.1:7070", "rpc://127.0.0.1:7070"),
        ("rpc:///run/registry.sock", "rpc:///run/registry.sock"),
    ] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), shown);
        assert!(url.open().is_ok());
    }
    for text in ["rpc://", "rpc://h", "rpc://h:1/x", "rpc://h:1,h:2"] {
        assert!(!fault(text).is_empty(), "{text}");
    }
}

#[cfg(feature = "etcd")]
#[tokio::test]
async fn etcd_urls() {
    for text in [
        "etcd://localhost",
        "etcd://10.0.0.1:2379,10.0.0.2:2379",
        "etcd://[::1]:2379/prod/east",
        "etcd://a, b",
    ] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), text.replace(' ', ""));
        assert!(url.open().is_ok());
    }
    for (text, part) in [
        ("etcd://", "etcd://localhost:2379"),
        ("etcd://a,,b", "between its commas"),
        ("etcd://a:0", "port 0"),
        ("etcd://a:99999", "port"),
        ("etcd://a?user=root", "no setting user"),
        ("etcd://root:hunter2@a", "has a user in it"),
        ("etcd://a?password=hunter2", "no setting password"),
    ] {
        let fault = fault(text);
        assert!(fault.contains(part), "{text}: {fault}");
        assert!(!fault.contains("hunter2"), "{fault}");
    }
    let url: BackendUrl = "etcd://a".parse().unwrap();
    let url = url.with_user("root", "hunter2");
    assert!(url.open().is_ok());
    let shown = format!("{url} {url:?}");
    assert!(
        shown.contains("root") && !shown.contains("hunter2"),
        "{shown}"
    );
    let error = url.with_token("hunter2").open().err().unwrap().to_string();
    assert!(error.contains("knows no token; it has users"), "{error}");
}

#[cfg(feature = "consul")]
#[tokio::test]
async fn consul_urls() {
    for text in ["consul://localhost", "consul://10.0.0.1:8500?dc=east"] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), text);
        let url = url.with_token("hunter2");
        assert!(url.open().is_ok());
        assert!(!format!("{url:?}").contains("hunter2"));
    }
    for text in [
        "consul://",
        "consul://a/x",
        "consul://a?dc=",
        "consul://a?x=1",
    ] {
        assert!(!fault(text).is_empty(), "{text}");
    }
}

#[cfg(all(feature = "etcd", not(feature = "tls")))]
#[test]
fn tls_is_a_feature() {
    assert!(fault("etcds://a").contains("its feature `tls`"));
}

#[cfg(all(feature = "etcd", feature = "tls"))]
#[tokio::test]
async fn over_tls() {
    let url: BackendUrl = "etcds://a:2379".parse().unwrap();
    assert_eq!(url.to_string(), "etcds://a:2379");
}

#[cfg(feature = "zookeeper")]
#[tokio::test]
async fn zookeeper_urls() {
    for text in ["zk://localhost", "zk://10.0.0.1:2181,10.0.0.2/prod/east"] {
        let url: BackendUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), text);
        let url = url.with_user("registry", "hunter2");
        assert!(url.open().is_ok());
        assert!(!format!("{url:?}").contains("hunter2"));
    }
    for text in ["zk://", "zk://a:0", "zk://a,,b", "zk://u:p@a", "zk://a?x=1"] {
        let fault = fault(text);
        assert!(
            !fault.is_empty() && !fault.contains("u:p"),
            "{text}: {fault}"
        );
    }
}
