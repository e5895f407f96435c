// A starter that counts its visitors: put your own service in its place.
module service

go 1.24
