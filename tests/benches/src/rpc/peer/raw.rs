//! The limit: frames over tokio, without names, types, errors or tasks for calls.

use std::sync::Arc;

use bytes::{Buf as _, BufMut as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use super::{Peer, Until, Work};
use crate::Result;

/// Frames of a length, a number and a payload, which the server sends back: as many
/// as it has read in one write. The client writes as many new ones as came back.
pub struct Raw;

/// Bytes that are read at once.
const READ: usize = 128 << 10;
const HEAD: usize = 12;

impl Peer for Raw {
    type Client = Arc<Mutex<TcpStream>>;

    async fn serve(listener: TcpListener) -> Result<()> {
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(echo(stream));
        }
    }

    async fn connect(address: &str, _: Work) -> Result<Self::Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Arc::new(Mutex::new(stream)))
    }

    async fn call(client: &Self::Client, work: Work, _: i64) -> Result<()> {
        Self::load(Arc::clone(client), work, 1, Until::Calls(1)).await?;
        Ok(())
    }

    async fn load(client: Self::Client, work: Work, in_flight: usize, until: Until) -> Result<u64> {
        let mut stream = client.lock().await;
        let payload = match work {
            // Two numbers, as the others send.
            Work::Multiply => vec![1; 16],
            Work::Echo(_) => work.payload(),
        };
        let (mut reader, mut writer) = stream.split();
        let (mut input, mut output) = (BytesMut::new(), BytesMut::new());
        let (mut sent, mut came) = (0, 0);
        let limit = match until {
            Until::Calls(each) => each * in_flight as u64,
            Until::Stopped(_) => u64::MAX,
        };
        loop {
            while sent - came < in_flight as u64 && sent < limit && !until.is_over(0) {
                output.put_u32(payload.len() as u32);
                output.put_u64(sent);
                output.put_slice(&payload);
                sent += 1;
            }
            if sent == came {
                return Ok(came);
            }
            // Both at once: neither end may wait for the other to read.
            tokio::select! {
                written = writer.write_buf(&mut output), if !output.is_empty() => {
                    written?;
                }
                read = async {
                    input.reserve(READ);
                    reader.read_buf(&mut input).await
                } => {
                    if read? == 0 {
                        return Err("the server is gone".into());
                    }
                    while let Some(length) = whole(&input) {
                        input.advance(length);
                        came += 1;
                    }
                }
            }
        }
    }
}

async fn echo(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BytesMut::new();
    loop {
        input.reserve(READ);
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
        let mut frames = 0;
        while let Some(length) = input.get(frames..).and_then(whole) {
            frames += length;
        }
        let mut output = input.split_to(frames);
        stream.write_all_buf(&mut output).await?;
    }
}

/// The length of the first frame, if all of it is there.
fn whole(input: &[u8]) -> Option<usize> {
    let length = HEAD + u32::from_be_bytes(*input.first_chunk()?) as usize;
    (input.len() >= length).then_some(length)
}
