//! Streams in all directions: `cargo run -p gobrpc-tests --example streams`.

use std::time::Duration;

use gobrpc_client::Client;
use gobrpc_server::{Result, Server, Streaming, service};

/// Watches the weather.
#[service]
trait Weather {
    /// A measurement every so many milliseconds, until nobody reads any more.
    async fn watch(&self, millis: u64) -> Result<Streaming<f64>>;
    /// The mean of what comes.
    async fn mean(&self, degrees: Streaming<f64>) -> Result<f64>;
    /// Fahrenheit for Celsius, as it comes.
    async fn convert(&self, celsius: Streaming<f64>) -> Result<Streaming<f64>>;
}

struct Station;

impl Weather for Station {
    async fn watch(&self, millis: u64) -> Result<Streaming<f64>> {
        let (mut sender, degrees) = Streaming::channel(16);
        tokio::spawn(async move {
            let mut degree = 20.0;
            // It fails when the caller has dropped the stream, or is gone.
            while sender.send(degree).await.is_ok() {
                degree += 0.5;
                tokio::time::sleep(Duration::from_millis(millis)).await;
            }
            println!("  server: nobody watches any more");
        });
        Ok(degrees)
    }

    async fn mean(&self, mut degrees: Streaming<f64>) -> Result<f64> {
        let (mut sum, mut count) = (0.0, 0.0);
        while let Some(degree) = degrees.next().await {
            sum += degree?;
            count += 1.0;
        }
        Ok(sum / count)
    }

    async fn convert(&self, mut celsius: Streaming<f64>) -> Result<Streaming<f64>> {
        let (mut sender, fahrenheit) = Streaming::channel(16);
        tokio::spawn(async move {
            while let Some(Ok(degree)) = celsius.next().await {
                if sender.send(degree * 1.8 + 32.0).await.is_err() {
                    return;
                }
            }
        });
        Ok(fahrenheit)
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let server = Server::new().register(WeatherServer::new(Station))?;
    let running = server.start("127.0.0.1:0").await?;
    let weather = WeatherClient::new(Client::connect(running.address()));

    let mut degrees = weather.watch(10).await?;
    for _ in 0..3 {
        if let Some(degree) = degrees.next().await {
            println!("client: {} degrees", degree?);
        }
    }
    drop(degrees);
    tokio::time::sleep(Duration::from_millis(50)).await;

    let day = Streaming::from_values([12.0, 18.0, 21.0]);
    println!("client: {} degrees on average", weather.mean(day).await?);

    let (mut sender, celsius) = Streaming::channel(1);
    let mut fahrenheit = weather.convert(celsius).await?;
    for degree in [0.0, 100.0] {
        sender.send(degree).await?;
        if let Some(converted) = fahrenheit.next().await {
            println!("client: {degree} °C are {} °F", converted?);
        }
    }
    Ok(())
}
