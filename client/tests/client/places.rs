//! Addresses of real sockets.

use gobrpc_client::{Client, Code, Delivery, Phase};
use tokio::net::{TcpListener, UnixListener};

use crate::server::echo;

#[tokio::test]
async fn tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    for text in [
        address.to_string(),
        format!("tcp://{address}"),
        format!("localhost:{}", address.port()),
    ] {
        let client = Client::connect(&text);
        assert!(!client.is_connected());
        assert_eq!(client.call::<i64, _>("A.B", &5_i64).await.unwrap(), 5);
        assert!(client.is_connected());
        client.close().await;
    }
}

#[tokio::test]
async fn unix() {
    let directory = std::env::temp_dir().join(format!("gobrpc-client-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("a socket");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        echo(stream).await;
    });
    let client = Client::connect(&format!("unix://{}", path.display()));
    assert_eq!(client.call::<i64, _>("A.B", &5_i64).await.unwrap(), 5);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    // A port that was free a moment ago.
    let free = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for (text, phase, code) in [
        (free.to_string(), Phase::Dial, Code::Unavailable),
        (
            "unix:///does/not/exist".into(),
            Phase::Dial,
            Code::Unavailable,
        ),
        (
            "nowhere.invalid:1".into(),
            Phase::Resolve,
            Code::Unavailable,
        ),
        ("no port".into(), Phase::Resolve, Code::InvalidArgument),
    ] {
        let client = Client::connect(&text);
        for error in [
            client.call::<i64, _>("A.B", &5_i64).await.unwrap_err(),
            client.call::<i64, _>("A.B", &5_i64).await.unwrap_err(),
        ] {
            assert_eq!(error.phase(), phase, "{error}");
            assert_eq!(error.code(), code, "{error}");
            assert_eq!(error.delivery(), Delivery::NotSent);
            assert_eq!(error.peer(), Some(client.peer()));
        }
    }
}
