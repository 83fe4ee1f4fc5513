"""`couler.core.templates.dns`."""

from sqlml.couler.pods import DnsConfig, DnsConfigOption

__all__ = ["DnsConfig", "DnsConfigOption"]
